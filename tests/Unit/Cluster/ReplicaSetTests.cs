using FileSharing.Cluster.Map;

namespace FileSharing.UnitTests.Cluster;

public sealed class ReplicaSetTests
{
    private const int Partition = 5;
    private const long Version = 9;

    private static readonly byte[] Key = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];

    [Fact]
    public void Two_of_three_owners_suffice_and_one_does_not()
    {
        var set = Map(nodes: 4).ReplicasOf(Partition);

        Assert.True(set.Suffice(Only(set.Owners[0], set.Owners[2])));
        Assert.False(set.Suffice(Only(set.Owners[1])));
        Assert.Equal(set.Owners, set.Targets);
        Assert.Equal(set.Owners, set.Readers);
    }

    [Fact]
    public void While_a_replica_is_copied_two_of_the_present_and_two_of_the_future_owners_must_have_a_put()
    {
        var map = Moving(Map(nodes: 4), slot: 1, MoveState.Copying);
        var set = map.ReplicasOf(Partition);
        var from = map.Volumes[map.Table.OwnersOf(Partition)[1]];
        var (a, b) = (set.Owners.First(owner => owner != from), set.Owners.Last(owner => owner != from));
        var to = set.Joining!;

        Assert.True(set.Suffice(Only(a, b)));
        Assert.True(set.Suffice(Only(a, from, to)));
        Assert.False(set.Suffice(Only(a, from)));
        Assert.False(set.Suffice(Only(a, to)));
        Assert.False(set.Suffice(Only(from, to)));
        Assert.Equal([.. set.Owners, to], set.Targets);
        Assert.Equal([.. set.Owners, to], set.Readers);
        Assert.True(set.Takes(to.VolumeId));
    }

    [Fact]
    public void Who_had_a_replica_before_is_asked_last_and_takes_no_more_puts()
    {
        var before = Map(nodes: 4);
        var map = Moving(before, slot: 1, MoveState.Leaving);
        var set = map.ReplicasOf(Partition);
        var from = before.Volumes[before.Table.OwnersOf(Partition)[1]];

        Assert.DoesNotContain(from, set.Owners);
        Assert.Equal(from, set.Readers[^1]);
        Assert.False(set.Takes(from.VolumeId));
        Assert.True(set.BelongsOn(from.VolumeId));
        Assert.False(set.Suffice(Only(from, set.Owners[0])));
    }

    [Fact]
    public void A_hint_stands_for_an_owner_that_is_down_and_is_asked_by_readers()
    {
        var map = WithDown(Map(nodes: 5), owner: 0);
        var set = map.ReplicasOf(Partition);
        var hint = Assert.Single(set.Targets, target => !set.Owners.Contains(target));

        Assert.DoesNotContain(set.Owners[0], set.Targets);
        Assert.DoesNotContain(hint.NodeId, set.Owners.Select(owner => owner.NodeId));
        Assert.True(set.Suffice(Only(hint, set.Owners[1])));
        Assert.False(set.Suffice(Only(hint)));
        Assert.Contains(hint, set.Readers);
        Assert.True(set.Takes(hint.VolumeId));
        Assert.False(set.BelongsOn(hint.VolumeId));
        Assert.DoesNotContain(hint, set.Holders);
    }

    [Fact]
    public void Two_hints_do_not_suffice_without_an_owner_since_nobody_asks_them_when_the_owners_are_back()
    {
        var set = WithDown(WithDown(Map(nodes: 6), owner: 0), owner: 1).ReplicasOf(Partition);
        var hints = set.Targets.Where(target => !set.Owners.Contains(target)).ToArray();

        Assert.Equal(2, hints.Length);
        Assert.False(set.Suffice(Only(hints)));
        Assert.True(set.Suffice(Only(hints[0], set.Owners[2])));
    }

    [Fact]
    public void Three_nodes_have_nobody_for_a_hint_and_the_owner_stays_the_target()
    {
        var set = WithDown(Map(nodes: 3), owner: 0).ReplicasOf(Partition);

        Assert.Equal(set.Owners, set.Targets);
        Assert.Equal(set.Owners, set.Readers);
    }

    [Fact]
    public void Every_process_finds_the_same_hints_and_they_are_spread_over_the_volumes()
    {
        var map = WithDown(Map(nodes: 10), owner: 0);
        var back = MapFormat.Parse(map.ToSignedBytes(Key), Key);

        var hints = new List<Guid>();
        for (var partition = 0; partition < PartitionTable.Partitions; partition++)
        {
            var set = map.ReplicasOf(partition);
            Assert.Equal(set.Targets, back.ReplicasOf(partition).Targets);
            hints.AddRange(set.Targets.Where(target => !set.Owners.Contains(target)).Select(target => target.VolumeId));
        }

        var counts = hints.CountBy(hint => hint).Select(count => count.Value).ToList();
        Assert.Equal(9, counts.Count);
        Assert.True(counts.Max() < 1.3 * counts.Average(), $"up to {counts.Max()} of {counts.Average():F0}");
    }

    [Theory]
    [InlineData(MoveState.Copying)]
    [InlineData(MoveState.Leaving)]
    public void A_map_comes_back_with_its_moves_and_what_is_down(MoveState state)
    {
        var map = WithDown(Moving(Map(nodes: 5), slot: 2, state), owner: 0);

        var back = MapFormat.Parse(map.ToSignedBytes(Key), Key);

        Assert.Equal(map.Moves, back.Moves);
        Assert.Equal(map.Volumes, back.Volumes);
        Assert.Equal(map.ReplicasOf(Partition).Readers, back.ReplicasOf(Partition).Readers);
    }

    [Fact]
    public void A_map_of_the_release_before_there_were_moves_is_still_read()
    {
        var now = Map(nodes: 3).ToSignedBytes(Key);
        var content = now.AsSpan(..^(sizeof(int) + 32)).ToArray();
        content[5] = (byte)'1';
        byte[] before = [.. content, .. System.Security.Cryptography.HMACSHA256.HashData(Key, content)];

        var map = MapFormat.Parse(before, Key);

        Assert.Empty(map.Moves);
        Assert.Equal(Map(nodes: 3).ReplicasOf(Partition).Owners, map.ReplicasOf(Partition).Owners);
    }

    [Fact]
    public void Two_moves_of_one_partition_are_refused()
    {
        var map = Map(nodes: 5);
        var owners = map.Table.OwnersOf(Partition).ToArray();
        var to = (ushort)Enumerable.Range(0, 5).First(i => !owners.Contains((ushort)i));
        ReplicaMove[] moves =
        [
            new(Partition, 0, owners[0], to, MoveState.Copying, Version),
            new(Partition, 1, owners[1], to, MoveState.Copying, Version),
        ];

        Assert.Throws<ArgumentException>(() =>
            new ClusterMap(Version, map.ClusterId, map.Nodes, map.Volumes, map.Table, moves)
        );
    }

    private static Func<MapVolume, bool> Only(params MapVolume[] durable) => durable.Contains;

    private static ClusterMap Map(int nodes)
    {
        var all = Enumerable
            .Range(0, nodes)
            .Select(i => new MapNode(NodeId(i), $"{i + 1}", new Uri($"http://127.0.0.1:{9000 + i}"), "default"))
            .ToList();
        return ClusterMap.Build(
            Version,
            NodeId(99),
            all,
            [.. all.Select(node => new MapVolume(node.NodeId, node.NodeId, 1))]
        );
    }

    /// <summary>One owner of the partition is on its way to a volume that owns nothing of it.</summary>
    private static ClusterMap Moving(ClusterMap map, int slot, MoveState state)
    {
        var owners = map.Table.OwnersOf(Partition).ToArray();
        var from = owners[slot];
        var to = (ushort)Enumerable.Range(0, map.Volumes.Count).First(i => !owners.Contains((ushort)i));
        var table = state == MoveState.Copying ? map.Table : map.Table.With([(Partition, slot, to)]);
        return new ClusterMap(
            map.Version,
            map.ClusterId,
            map.Nodes,
            map.Volumes,
            table,
            [new ReplicaMove(Partition, slot, from, to, state, map.Version)]
        );
    }

    private static ClusterMap WithDown(ClusterMap map, int owner)
    {
        var down = map.ReplicasOf(Partition).Owners[owner].VolumeId;
        return new ClusterMap(
            map.Version,
            map.ClusterId,
            map.Nodes,
            [.. map.Volumes.Select(volume => volume.VolumeId == down ? volume with { IsDown = true } : volume)],
            map.Table,
            map.Moves
        );
    }

    private static Guid NodeId(int i) => new(i + 1, 0, 0, [0, 0, 0, 0, 0, 0, 0, 0]);
}
