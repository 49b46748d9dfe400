using FileSharing.Cluster.Map;

namespace FileSharing;

/// <summary>A volume of a cluster that is made up for a test.</summary>
internal sealed record Member(Guid Id, Guid Node, string Zone, double Weight);

/// <summary>Clusters and changes chosen by a seed, and what is measured of their tables: for the tests of placement and for its figures.</summary>
internal static class PlacementScenarios
{
    /// <summary>Kinds of change by name. Weights stay 1, 2 or 4, or 0.</summary>
    public static readonly (string Name, Func<List<Member>, Random, List<Member>> Apply)[] Kinds =
    [
        ("add a node", (all, random) => [.. all, NewNode(all, random)]),
        ("add five nodes", (all, random) => [.. all, .. Enumerable.Range(0, 5).Select(_ => NewNode(all, random))]),
        ("add a volume to a node", (all, random) => [.. all, all[random.Next(all.Count)] with { Id = NewId(random) }]),
        ("remove a volume", (all, random) => Without(all, all[random.Next(all.Count)].Id)),
        ("remove a node", (all, random) => WithoutNode(all, all[random.Next(all.Count)].Node)),
        ("drain a volume", (all, random) => Reweighted(all, random.Next(all.Count), _ => 0)),
        ("another weight", (all, random) => Reweighted(all, random.Next(all.Count), weight => weight == 4 ? 1 : 4)),
        (
            "weights of a tenth",
            (all, random) => [.. all.Select(m => random.Next(10) == 0 ? m with { Weight = Weight(random) } : m)]
        ),
        ("a zone more", (all, random) => [.. all, .. NewZone(all, random)]),
        ("a zone less", (all, random) => WithoutZone(all, all[random.Next(all.Count)].Zone)),
    ];

    /// <summary>Nodes of one to three volumes, in zones of different size.</summary>
    public static List<Member> Uneven(Random random, int volumes, int zones)
    {
        var members = new List<Member>();
        for (var node = 0; members.Count < volumes; node++)
        {
            var zone = node < Math.Max(3, zones) ? node % zones : Math.Min(random.Next(zones), random.Next(zones));
            var keep = Math.Max(0, 2 - node);
            var count = Math.Min(1 + random.Next(3), Math.Max(1, volumes - members.Count - keep));
            var id = NewId(random);
            members.AddRange(
                Enumerable.Range(0, count).Select(_ => new Member(NewId(random), id, $"zone-{zone}", Weight(random)))
            );
        }

        return members;
    }

    /// <summary>Nodes of one volume, weights 1:2:4 in turn, zones of the same size.</summary>
    public static List<Member> Even(Random random, int volumes, int zones) =>
        [
            .. Enumerable
                .Range(0, volumes)
                .Select(i => new Member(NewId(random), NewId(random), $"zone-{i % zones}", 1 << (i / zones % 3))),
        ];

    public static bool CanHoldThreeCopies(List<Member> members) =>
        members.Where(m => m.Weight > 0).Select(m => m.Node).Distinct().Skip(2).Any();

    public static List<PlacementVolume> Placement(List<Member> members) =>
        [.. members.Select(m => new PlacementVolume(m.Node, m.Zone, m.Weight))];

    public static PartitionTable Remap(PartitionTable table, List<Member> from, List<Member> to) =>
        table.Remap([.. from.Select(m => m.Id)], [.. to.Select(m => m.Id)]);

    /// <summary>Replicas by volume, or first places when <paramref name="onlyFirst"/>.</summary>
    public static int[] Loads(List<Member> members, PartitionTable table, bool onlyFirst = false)
    {
        var loads = new int[members.Count];
        for (var partition = 0; partition < PartitionTable.Partitions; partition++)
        {
            foreach (var owner in onlyFirst ? table.OwnersOf(partition)[..1] : table.OwnersOf(partition))
            {
                if (owner != PartitionTable.None)
                {
                    loads[owner]++;
                }
            }
        }

        return loads;
    }

    /// <summary>The fullest volume's replicas over its target.</summary>
    public static double MaxOverTarget(List<Member> members, PartitionTable table) =>
        Loads(members, table)
            .Zip(PlacementTargets.Of(Placement(members)), (load, target) => load == 0 ? 0 : load / target)
            .Max();

    /// <summary>
    /// The least that <see cref="MaxOverTarget"/> can be: below it, volumes that take as many whole replicas as the ratio lets them, and nodes and zones as
    /// many as the rules let them, have too little room for all.
    /// </summary>
    public static double LeastMaxOverTarget(List<Member> members)
    {
        var (low, high) = (0.0, 2.0);
        while (!HasRoom(members, high))
        {
            high *= 2;
        }

        while (high - low > 1e-7)
        {
            var middle = (low + high) / 2;
            (low, high) = HasRoom(members, middle) ? (low, middle) : (middle, high);
        }

        return high;
    }

    /// <summary>Whether all replicas find a place when no volume takes more than this part of its target.</summary>
    public static bool HasRoom(List<Member> members, double maxOverTarget)
    {
        var zones = members
            .Zip(PlacementTargets.Of(Placement(members)), (m, target) => (m.Zone, m.Node, Target: target))
            .Where(volume => volume.Target > 0)
            .GroupBy(volume => volume.Zone)
            .ToList();
        long zoneMax = PlacementTargets.PerZoneMax(zones.Count) * PartitionTable.Partitions;
        return zones.Sum(zone =>
                Math.Min(
                    zoneMax,
                    zone.GroupBy(volume => volume.Node)
                        .Sum(node =>
                            Math.Min(
                                PartitionTable.Partitions,
                                node.Sum(volume => (long)Math.Floor((maxOverTarget * volume.Target) + 1e-6))
                            )
                        )
                )
            )
            >= (long)PartitionTable.Partitions * PartitionTable.Replicas;
    }

    /// <summary>By how many replicas more than one the volume that is worst off is first too often or too seldom, as a part of its third; 0 is even.</summary>
    public static double FirstsBeyondOne(List<Member> members, PartitionTable table) =>
        Loads(members, table)
            .Zip(Loads(members, ReadOrder.Of(table), onlyFirst: true))
            .Where(volume => volume.First > 0)
            .Max(volume => Math.Max(0, Math.Abs(volume.Second - (volume.First / 3.0)) - 1) * 3 / volume.First);

    /// <summary>The sum of what volumes gain by their targets: what must move when the rules stand in nobody's way, but for rounding.</summary>
    public static double TargetGains(List<Member> from, List<Member> to)
    {
        var before = from.Zip(PlacementTargets.Of(Placement(from))).ToDictionary(v => v.First.Id, v => v.Second);
        return to.Zip(PlacementTargets.Of(Placement(to)))
            .Sum(v => Math.Max(0, v.Second - before.GetValueOrDefault(v.First.Id)));
    }

    /// <summary>
    /// Proves that no table with the loads of <paramref name="after"/> keeps more of <paramref name="before"/>. Placement is a flow of replicas from
    /// partitions through zones and nodes to volumes, so a table is the cheapest exactly when no cycle of replacements makes it cheaper.
    /// </summary>
    public static bool MovesFewest(List<Member> members, PartitionTable before, PartitionTable after)
    {
        const int impossible = 9;
        var count = members.Count;
        var nodes = members.ConvertAll(m => members.FindIndex(other => other.Node == m.Node)).ToArray();
        var zones = members.ConvertAll(m => members.FindIndex(other => other.Zone == m.Zone)).ToArray();
        var zoneMax = PlacementTargets.PerZoneMax(members.Where(m => m.Weight > 0).DistinctBy(m => m.Zone).Count());
        var cost = new int[count, count];
        for (var i = 0; i < cost.Length; i++)
        {
            cost[i / count, i % count] = impossible;
        }

        for (var partition = 0; partition < PartitionTable.Partitions; partition++)
        {
            var had = before.OwnersOf(partition);
            var has = after.OwnersOf(partition);
            for (var slot = 0; slot < has.Length; slot++)
            {
                var (one, two) = (has[(slot + 1) % 3], has[(slot + 2) % 3]);
                var leaving = had.Contains(has[slot]) ? 1 : 0;
                for (var to = 0; to < count; to++)
                {
                    var inZone = (zones[one] == zones[to] ? 1 : 0) + (zones[two] == zones[to] ? 1 : 0);
                    if (
                        nodes[one] != nodes[to]
                        && nodes[two] != nodes[to]
                        && inZone < zoneMax
                        && members[to].Weight > 0
                    )
                    {
                        ref var known = ref cost[has[slot], to];
                        known = Math.Min(known, leaving - (had.Contains((ushort)to) ? 1 : 0));
                    }
                }
            }
        }

        return !HasNegativeCycle(cost, impossible);
    }

    private static bool HasNegativeCycle(int[,] cost, int impossible)
    {
        var count = cost.GetLength(0);
        var distance = new int[count];
        var changed = true;
        for (var round = 0; changed && round <= count; round++)
        {
            changed = false;
            for (var from = 0; from < count; from++)
            {
                for (var to = 0; to < count; to++)
                {
                    if (cost[from, to] < impossible && distance[from] + cost[from, to] < distance[to])
                    {
                        distance[to] = distance[from] + cost[from, to];
                        changed = true;
                    }
                }
            }
        }

        return changed;
    }

    private static Guid NewId(Random random)
    {
        var bytes = new byte[16];
        random.NextBytes(bytes);
        return new Guid(bytes);
    }

    private static double Weight(Random random) => 1 << random.Next(3);

    private static Member NewNode(List<Member> all, Random random) =>
        new(NewId(random), NewId(random), all[random.Next(all.Count)].Zone, Weight(random));

    private static IEnumerable<Member> NewZone(List<Member> all, Random random)
    {
        var zone = $"zone-{NewId(random)}";
        var count = Math.Max(1, all.Count / (all.DistinctBy(m => m.Zone).Count() + 1));
        return Enumerable.Range(0, count).Select(_ => new Member(NewId(random), NewId(random), zone, Weight(random)));
    }

    private static List<Member> Without(List<Member> all, Guid id) => [.. all.Where(m => m.Id != id)];

    private static List<Member> WithoutNode(List<Member> all, Guid node) => [.. all.Where(m => m.Node != node)];

    private static List<Member> WithoutZone(List<Member> all, string zone) => [.. all.Where(m => m.Zone != zone)];

    private static List<Member> Reweighted(List<Member> all, int one, Func<double, double> weight) =>
        [.. all.Select((m, i) => i == one ? m with { Weight = weight(m.Weight) } : m)];
}
