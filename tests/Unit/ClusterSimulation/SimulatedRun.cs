using FileSharing.Metadata;

namespace FileSharing.UnitTests.ClusterSimulation;

/// <summary>One seed: a cluster that is used while it is shaken, then left alone, and at last has to have everything three times.</summary>
internal static class SimulatedRun
{
    public const int Operations = 1_000;

    /// <summary>Time for what was away to be brought: some turns of the comparison.</summary>
    private static readonly TimeSpan HealingMax = TimeSpan.FromHours(2);

    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(20);

    /// <returns>The world at its end.</returns>
    /// <exception cref="SimulationException">A rule was broken; the message has the seed.</exception>
    public static SimWorld Run(int seed)
    {
        var world = new SimWorld(seed);
        try
        {
            world.Loop.At(0, world.Start);
            var clients = new Clients(world);
            var chaos = new Chaos(world, clients);
            var shaken = TimeSpan.FromSeconds(60 + world.Random.Next(240));
            world.Loop.RunUntil(TimeSpan.FromSeconds(5));
            chaos.Begin(shaken);
            Use(world, clients, shaken);
            world.Loop.At(shaken.Ticks, chaos.End);
            world.Loop.RunUntil(shaken + LookInterval);
            Heal(world, clients);
            world.Counts.Maps = world.Database.Map.Version;
            return world;
        }
        catch (SimulationException error)
        {
            throw new SimulationException(
                $"Seed {seed}: {error.Message}\n{error.InnerException}\nThe last events:\n{world.Log.Describe()}",
                error
            );
        }
    }

    private static void Use(SimWorld world, Clients clients, TimeSpan end)
    {
        var began = world.Loop.Now;
        for (var operation = 0; operation < Operations; operation++)
        {
            world.Loop.At(began + (long)((end.Ticks - began) * world.Random.NextDouble()), clients.Ask);
        }
    }

    private static void Heal(SimWorld world, Clients clients)
    {
        var end = world.Loop.Elapsed + HealingMax;
        var isApplied = false;
        while (Wanting(world, clients, isApplied) is { } wanting)
        {
            // What an administrator does about disks that were replaced: the new ones take their places.
            isApplied =
                isApplied || world.TryApply([.. world.Hosts.All.Select(host => new LayoutMember(host.VolumeId, 1))]);
            if (world.Loop.Elapsed > end)
            {
                throw new SimulationException($"After {HealingMax} in peace {wanting}.");
            }

            world.Loop.RunUntil(world.Loop.Elapsed + LookInterval);
        }
    }

    /// <returns>What is not yet as it has to be; null when all is.</returns>
    private static string? Wanting(SimWorld world, Clients clients, bool isApplied)
    {
        if (!isApplied)
        {
            return "the layout of the disks that are there is refused";
        }

        var map = world.Database.Map;
        if (map.Moves.Count > 0)
        {
            return $"{map.Moves.Count} replicas are still on the move, as {world.Database.Describe(map.Moves[0])}";
        }

        if (world.Database.Floor < map.Version)
        {
            return $"not every node has confirmed map {map.Version}";
        }

        foreach (var chunk in clients.Acknowledged)
        {
            var owners = map.OwnersOf(SimChunks.IdOf(chunk)).Select(owner => owner.VolumeId).ToHashSet();
            var holders = world
                .Hosts.All.Where(host => Clients.Holds(host, chunk))
                .Select(host => host.VolumeId)
                .ToHashSet();
            if (!owners.IsSubsetOf(holders))
            {
                return $"chunk {chunk} has {owners.Intersect(holders).Count()} of its three copies";
            }

            if (!holders.IsSubsetOf(owners))
            {
                return $"chunk {chunk} is on {holders.Except(owners).Count()} volumes where it does not belong";
            }
        }

        return world.Hosts.All.FirstOrDefault(host => host.Node!.Store!.ListOwed(null, 1).Count > 0) is { } owing
            ? $"node {owing.Number} still has owed marks"
            : null;
    }
}
