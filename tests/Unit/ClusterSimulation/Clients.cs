using FileSharing.Cluster;
using FileSharing.Cluster.Map;

namespace FileSharing.UnitTests.ClusterSimulation;

/// <summary>
/// Clients that store and read, and the journal of what was acknowledged to them. It is the judge: what stands in it must be found, whole, whatever happens to the cluster.
/// </summary>
internal sealed class Clients(SimWorld world)
{
    private readonly Random random = world.NewRandom();
    private readonly HashSet<int> acknowledged = [];

    /// <summary>Raised now and then, as a cycle of the garbage collection does.</summary>
    public uint Epoch { get; set; } = 1;

    public IReadOnlyCollection<int> Acknowledged => acknowledged;

    /// <summary>One operation at some node that runs.</summary>
    public void Ask()
    {
        var running = world.Hosts.All.Where(host => host.Node is { Process.IsStopped: false }).ToList();
        if (running.Count == 0)
        {
            return;
        }

        world.Counts.Operations++;
        var host = running[random.Next(running.Count)];
        var chunk = random.Next(SimChunks.Count);
        world.Loop.Begin(
            random.Next(20) switch
            {
                < 9 => () => PutAsync(host, chunk),
                < 18 => () => ReadAsync(host, chunk),
                _ => () => AdoptAsync(host, chunk),
            }
        );
    }

    private async Task PutAsync(SimHost host, int chunk)
    {
        var node = host.Node!;
        var began = world.Loop.Now;
        try
        {
            var bytes = SimChunks.RecordOf(chunk);
            using var record = new RecordLease(new UnpooledBytes(bytes), bytes.Length);
            await node.Writer.WriteAsync(SimChunks.IdOf(chunk), record, Epoch, CancellationToken.None);
            Acknowledge(chunk, began);
            world.Counts.Acknowledged++;
            world.Log.Add(world.Loop.Now, "acknowledged", host.Number, chunk);
        }
        catch (Exception error) when (error is IOException or ClusterFormingException)
        {
            world.Counts.Refused++;
        }
    }

    /// <summary>As the API does for a client that names a chunk which it may have.</summary>
    private async Task AdoptAsync(SimHost host, int chunk)
    {
        var node = host.Node!;
        var began = world.Loop.Now;
        if (node.Map.Current is not { } map)
        {
            return;
        }

        var replicas = map.ReplicasOf(SimChunks.IdOf(chunk));
        var epoch = Epoch;
        var votes = await Task.WhenAll(replicas.Targets.Select(VoteAsync));
        var have = replicas.Targets.Where((_, i) => votes[i]).ToHashSet();
        if (replicas.Suffice(have.Contains))
        {
            Acknowledge(chunk, began);
            world.Counts.Adopted++;
        }

        async Task<bool> VoteAsync(MapVolume target)
        {
            try
            {
                return (
                    await node.Transport.AdoptAsync(target, epoch, [SimChunks.IdOf(chunk)], CancellationToken.None)
                )[0];
            }
            catch (HttpRequestException)
            {
                return false;
            }
        }
    }

    private async Task ReadAsync(SimHost host, int chunk)
    {
        var node = host.Node!;
        var mustBeThere = acknowledged.Contains(chunk);
        try
        {
            using var record = await node.Reader.ReadAsync(SimChunks.IdOf(chunk), _ => false, CancellationToken.None);
            if (!record.Record.Span.SequenceEqual(SimChunks.RecordOf(chunk)))
            {
                throw new SimulationException($"Chunk {chunk} was read with wrong bytes.");
            }

            world.Counts.Read++;
        }
        catch (ChunkMissingException) when (mustBeThere && HolderReachedFrom(host, chunk) is { } holder)
        {
            throw new SimulationException(
                $"Chunk {chunk} was acknowledged and is on node {holder.Number}, but node {host.Number} says that nobody has it. "
                    + $"By its map {Describe(node.Map.Required, chunk)}; by the newest {Describe(world.Database.Map, chunk)}; floor {world.Database.Floor}; "
                    + $"it is on {string.Join(", ", world.Hosts.All.Where(one => Holds(one, chunk)).Select(one => $"{one.Number} (map {one.Node!.MapVersion})"))}."
            );
        }
        catch (Exception error) when (error is IOException or ClusterFormingException)
        {
            world.Counts.Unavailable++;
        }
    }

    private string Describe(ClusterMap map, int chunk)
    {
        var replicas = map.ReplicasOf(SimChunks.IdOf(chunk));
        return $"{map.Version} {Names(replicas.Owners)} own it, {Names(replicas.Readers)} are asked";

        string Names(IEnumerable<MapVolume> volumes) =>
            string.Join(
                "+",
                volumes.Select(volume => $"{world.Hosts.NumberOf(volume.NodeId)}{(volume.IsDown ? " (down)" : "")}")
            );
    }

    private SimHost? HolderReachedFrom(SimHost reader, int chunk) =>
        world.Hosts.All.FirstOrDefault(host =>
            Holds(host, chunk) && !host.Node!.Process.IsStopped && world.Network.Connects(reader.Number, host.Number)
        );

    public static bool Holds(SimHost host, int chunk) =>
        host.Node?.Store?.Find(SimChunks.IdOf(chunk)) is { IsDamaged: false };

    /// <summary>I1: two have it by now, unless a disk went since the operation began.</summary>
    private void Acknowledge(int chunk, long began)
    {
        var holders = world.Hosts.All.Count(host => Holds(host, chunk) || host.DiedAt >= began);
        // As a number of its own: the rule that is checked must not be the one that checks.
        if (holders < 2)
        {
            throw new SimulationException($"Chunk {chunk} is acknowledged with {holders} durable copies.");
        }

        acknowledged.Add(chunk);
    }
}
