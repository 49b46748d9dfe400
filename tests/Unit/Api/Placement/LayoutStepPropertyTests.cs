using FileSharing.Api;
using FileSharing.Api.Placement;
using FileSharing.Cluster.Map;
using FileSharing.Metadata;
using static FileSharing.UnitTests.Api.Placement.TestCluster;

namespace FileSharing.UnitTests.Api.Placement;

/// <summary>By seed: reports in any order, nodes that die, are cut off and come back, layouts that change in the middle.</summary>
public sealed class LayoutStepPropertyTests
{
    private const int Nodes = 7;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public void Whatever_happens_the_rules_hold_and_when_all_nodes_live_the_target_is_reached(int seed)
    {
        var random = new Random(seed);
        var directory = Directory(Nodes, volumesEach: 2);
        var all = Enumerable.Range(1, Nodes).SelectMany(n => new[] { Volume(n, 1), Volume(n, 2) }).ToArray();
        var cluster = new Simulated(directory, Map(directory, all[..8])) { MovesMax = 1 << random.Next(9, 13) };
        cluster.Plan([.. RandomMembers(random, all)]);

        for (var round = 0; round < 150; round++)
        {
            Happen(random, cluster, all);
            Check(cluster);
        }

        cluster.Down.Clear();
        cluster.CutOff.Clear();
        for (var round = 0; round < 2_000 && !cluster.IsThere; round++)
        {
            cluster.Confirm();
            cluster.CompareAll();
            Check(cluster);
        }

        Assert.True(cluster.IsThere, $"{cluster.Map.Moves.Count} moves of map {cluster.Map.Version} are left.");
    }

    private static void Happen(Random random, Simulated cluster, Guid[] all)
    {
        switch (random.Next(8))
        {
            case 0 when cluster.Down.Count < 2:
                cluster.Down.Add(Node(random.Next(1, Nodes + 1)));
                break;
            case 1 when cluster.Down.Count > 0:
                // Silent for long.
                cluster.CutOff.Add(cluster.Down.First());
                break;
            case 2 when cluster.Down.Count > 0:
                var back = cluster.Down.First();
                cluster.Down.Remove(back);
                cluster.CutOff.Remove(back);
                break;
            case 3 when random.Next(5) == 0:
                try
                {
                    cluster.Plan([.. RandomMembers(random, all)]);
                }
                catch (ApiException)
                {
                    // It would have dropped the last copy of something.
                }

                break;
            case 4:
                cluster.Confirm();
                break;
            default:
                cluster.CompareAll((_, _) => random.Next(3) > 0);
                break;
        }
    }

    /// <summary>One step, and what must hold of it.</summary>
    private static void Check(Simulated cluster)
    {
        var before = cluster.Map;
        var first = cluster.Next();
        if (!cluster.Step())
        {
            return;
        }

        // The same once more, as another process or one that was started again would find it.
        var now = cluster.Map;
        Assert.Equal(first!.ToSignedBytes(new byte[32]), now.ToSignedBytes(new byte[32]));
        Assert.Equal(before.Version + 1, now.Version);
        LayoutStepTests.AssertThreeNodes(now);
        Assert.Equal(now.Moves.Count, now.Moves.Select(m => m.Partition).Distinct().Count());
        var moves = before.Moves.ToDictionary(m => m.Partition);
        for (var partition = 0; partition < PartitionTable.Partitions; partition++)
        {
            CheckOwners(cluster, before, now, partition, moves.TryGetValue(partition, out var move) ? move : null);
        }
    }

    /// <summary>An owner changes only by a move that has all that it needs, one at a time; and reads go on at who had it before.</summary>
    private static void CheckOwners(
        Simulated cluster,
        ClusterMap before,
        ClusterMap now,
        int partition,
        ReplicaMove? move
    )
    {
        var had = Ids(before, partition);
        var has = Ids(now, partition);
        var came = has.Except(had).ToList();
        if (came.Count == 0)
        {
            return;
        }

        Assert.Single(came);
        Assert.Equal(MoveState.Copying, move?.State);
        Assert.Equal(came[0], before.Volumes[move!.Value.To].VolumeId);
        var gone = Assert.Single(had.Except(has));
        Assert.Contains(gone, now.ReplicasOf(partition).Readers.Select(r => r.VolumeId));
        var heard = had.Where(o => !cluster.CutOff.Contains(NodeOf(before, o))).ToList();
        Assert.NotEmpty(heard);
        Assert.All(heard, owner => Assert.True(cluster.HasReport(partition, came[0], owner, move.Value.Since)));
    }

    private static List<Guid> Ids(ClusterMap map, int partition)
    {
        var ids = new List<Guid>();
        foreach (var owner in map.Table.OwnersOf(partition))
        {
            ids.Add(map.Volumes[owner].VolumeId);
        }

        return ids;
    }

    private static Guid NodeOf(ClusterMap map, Guid volume) => map.Volumes.First(v => v.VolumeId == volume).NodeId;

    private static List<LayoutMember> RandomMembers(Random random, Guid[] all)
    {
        var chosen = all.Where(_ => random.Next(4) > 0).ToList();
        var nodes = chosen.Select(v => v.ToString()[..8]).Distinct().Count();
        return nodes < 4 ? Members(all) : [.. chosen.Select(v => new LayoutMember(v, 1 << random.Next(3)))];
    }
}
