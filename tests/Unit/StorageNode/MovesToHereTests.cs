using FileSharing.Cluster.Map;
using FileSharing.StorageNode.Repair;

namespace FileSharing.UnitTests.StorageNode;

public sealed class MovesToHereTests
{
    private const long Since = 5;

    private static readonly Guid Here = Guid.NewGuid();
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(1);

    private readonly SettableTime time = new(DateTimeOffset.UnixEpoch);
    private readonly MovesToHere moves;

    public MovesToHereTests() => moves = new MovesToHere(time, Rest);

    [Fact]
    public void A_partition_is_brought_from_one_source_at_a_time_and_all_sources_are_used()
    {
        var map = Map(partitions: 300);

        var batches = moves.Take(map, Here, Since);

        Assert.Equal(3, batches.Count);
        var given = batches.SelectMany(batch => batch.Moves).ToList();
        Assert.Equal(300, given.DistinctBy(move => move.Partition).Count());
        Assert.Equal(300, given.Count);
        Assert.Empty(moves.Take(map, Here, Since));
    }

    [Fact]
    public void A_move_is_compared_with_every_owner_before_it_is_left_alone()
    {
        var map = Map(partitions: 1);
        var asked = new HashSet<Guid>();
        while (moves.Take(map, Here, Since) is [var batch])
        {
            Assert.True(asked.Add(batch.Source.VolumeId), "Asked twice.");
            moves.Reported(batch, Whole(batch));
        }

        Assert.Equal(3, asked.Count);
    }

    [Fact]
    public void What_was_whole_before_the_floor_counted_is_compared_again_when_it_does_and_not_before()
    {
        var map = Map(partitions: 1);
        Assert.Equal(3, RunOut(map, Since - 1));

        Assert.Empty(moves.Take(map, Here, Since - 1));
        Assert.Equal(3, RunOut(map, Since));
        Assert.Empty(moves.Take(map, Here, Since + 1));
    }

    [Fact]
    public void A_source_that_failed_rests_while_the_others_go_on()
    {
        var map = Map(partitions: 30);
        var failed = moves.Take(map, Here, Since)[0];
        moves.Reported(failed, []);

        var others = moves.Take(map, Here, Since);
        Assert.DoesNotContain(others, batch => batch.Source.VolumeId == failed.Source.VolumeId);

        time.Now += Rest;
        Assert.Contains(moves.Take(map, Here, Since), batch => batch.Source.VolumeId == failed.Source.VolumeId);
    }

    [Fact]
    public void What_is_still_lacking_is_not_done_with()
    {
        var map = Map(partitions: 1);
        var sources = new List<Guid>();
        for (var i = 0; i < 6; i++)
        {
            var batch = Assert.Single(moves.Take(map, Here, Since));
            sources.Add(batch.Source.VolumeId);
            moves.Reported(batch, [.. Whole(batch).Select(partition => partition with { Lacking = 1 })]);
            time.Now += Rest;
        }

        Assert.Equal(6, sources.Count);
    }

    [Fact]
    public void What_no_source_can_give_does_not_stand_before_what_can_be_had()
    {
        const int partitions = 2_000;
        var map = Map(partitions);
        var cannotBeHad = Enumerable.Range(0, 1_000).ToHashSet();
        var brought = new HashSet<int>();
        for (var i = 0; i < 20; i++)
        {
            foreach (var batch in moves.Take(map, Here, Since))
            {
                var compared = Whole(batch)
                    .Select(one => cannotBeHad.Contains(one.Partition) ? one with { Lacking = 1 } : one)
                    .ToList();
                brought.UnionWith(compared.Where(one => one.Lacking == 0).Select(one => one.Partition));
                moves.Reported(batch, compared);
            }

            time.Now += Rest;
        }

        Assert.Equal(partitions - cannotBeHad.Count, brought.Count);
    }

    private int RunOut(ClusterMap map, long floor)
    {
        var turns = 0;
        while (moves.Take(map, Here, floor) is [var batch])
        {
            moves.Reported(batch, Whole(batch));
            turns++;
        }

        return turns;
    }

    private static IReadOnlyList<Compared> Whole(MoveBatch batch) =>
        [.. batch.Moves.Select(move => new Compared(move.Partition, 1, 0, 0, 0))];

    /// <summary>Three volumes own everything; a fourth takes the place of the third in the first partitions.</summary>
    private static ClusterMap Map(int partitions)
    {
        MapNode[] nodes =
        [
            .. Enumerable
                .Range(1, 4)
                .Select(i => new MapNode(Guid.NewGuid(), $"{i}", new Uri($"http://127.0.0.1:{i}"), "z")),
        ];
        var owners = ClusterMap.Build(
            Since,
            Guid.NewGuid(),
            nodes,
            [.. nodes.Take(3).Select(node => new MapVolume(Guid.NewGuid(), node.NodeId, 1))]
        );
        var volumes = owners.Volumes.Append(new MapVolume(Here, nodes[3].NodeId, 1)).ToList();
        return new ClusterMap(
            Since,
            owners.ClusterId,
            nodes,
            volumes,
            owners.Table,
            [
                .. Enumerable
                    .Range(0, partitions)
                    .Select(p => new ReplicaMove(p, 2, owners.Table.OwnersOf(p)[2], 3, MoveState.Copying, Since)),
            ]
        );
    }
}
