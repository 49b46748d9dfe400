using FileSharing.Metadata;
using FileSharing.UnitTests.Postgres;

namespace FileSharing.UnitTests.Metadata;

public sealed class MembershipTests(PostgresFixture postgres) : IAsyncLifetime
{
    private readonly SettableTime time = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));
    private Library library = null!;
    private Heartbeats heartbeats = null!;

    public async ValueTask InitializeAsync()
    {
        library = await Library.CreateAsync(postgres);
        heartbeats = new Heartbeats(library.Db, time);
        await new ClusterStore(library.Db, time).EnsureAsync(
            new ClusterIdentity
            {
                ClusterId = Guid.NewGuid(),
                DedupPolicy = "own",
                ChunkingPolicy = "dedup",
            },
            [],
            CancellationToken.None
        );
    }

    public ValueTask DisposeAsync() => library.DisposeAsync();

    [Fact]
    public async Task A_heartbeat_is_of_its_node_and_of_those_of_its_volumes_that_are_open()
    {
        var (one, volumes) = await NodeAsync("one", 2);
        var (other, others) = await NodeAsync("other", 1);

        await RecordAsync(new Heartbeat(one, 7, [volumes[1], others[0]]));

        var beats = await ReadAsync();
        Assert.Equal(
            (time.Now.UtcDateTime, 7),
            (Of(beats, one).SeenAt!.Value.ToUniversalTime(), Of(beats, one).MapVersion)
        );
        Assert.Null(Of(beats, other).SeenAt);
        Assert.Equal([volumes[1]], beats.Volumes.Where(v => v.SeenAt is not null).Select(v => v.VolumeId));
    }

    [Fact]
    public async Task Of_a_volume_that_was_opened_again_the_older_opening_is_superseded_and_not_heard_of()
    {
        var (one, volumes) = await NodeAsync("one", 2);
        await library.Registry.RegisterAsync(
            one,
            "http://127.0.0.1:1",
            "",
            [new OpenedVolume(volumes[0], 1, 2, 100)],
            CancellationToken.None
        );

        var beat = new Heartbeat(one, 0, volumes, [1, 1]);
        var outcome = await heartbeats.RecordAsync([beat], CancellationToken.None);

        Assert.Equal([volumes[0]], outcome.Superseded);
        Assert.Equal(
            [volumes[1]],
            (await ReadAsync()).Volumes.Where(v => v.SeenAt is not null).Select(v => v.VolumeId)
        );
        Assert.Empty(
            (await heartbeats.RecordAsync([beat with { Incarnations = [2, 1] }], CancellationToken.None)).Superseded
        );
    }

    [Fact]
    public async Task A_node_that_does_not_name_its_open_volumes_has_all_of_them_open()
    {
        var (one, volumes) = await NodeAsync("one", 2);

        await RecordAsync(new Heartbeat(one, 0, null));

        Assert.Equal(
            volumes.Order(),
            (await ReadAsync()).Volumes.Where(v => v.SeenAt is not null).Select(v => v.VolumeId).Order()
        );
    }

    [Fact]
    public async Task The_answer_to_a_heartbeat_names_the_newest_map()
    {
        var (one, _) = await NodeAsync("one", 1);
        await new ClusterStore(library.Db, time).PublishMapAsync(
            new StoredMap { Version = 5, Map = [1] },
            CancellationToken.None
        );

        Assert.Equal(5, (await heartbeats.RecordAsync([new Heartbeat(one, 0, [])], CancellationToken.None)).NewestMap);
    }

    [Fact]
    public async Task Who_was_heard_of_meanwhile_is_not_cut_off()
    {
        var (one, volumes) = await NodeAsync("one", 1);
        await RecordAsync(new Heartbeat(one, 1, volumes));
        var seen = await ReadAsync();
        time.Now += TimeSpan.FromSeconds(1);
        await RecordAsync(new Heartbeat(one, 1, volumes));

        await heartbeats.CutOffAsync(seen.Nodes, seen.Volumes, CancellationToken.None);
        Assert.False(Of(await ReadAsync(), one).CutOff);

        seen = await ReadAsync();
        await heartbeats.CutOffAsync(seen.Nodes, seen.Volumes, CancellationToken.None);
        Assert.True(Of(await ReadAsync(), one).CutOff);
        Assert.All((await ReadAsync()).Volumes, v => Assert.True(v.CutOff));

        await RecordAsync(new Heartbeat(one, 1, volumes));
        Assert.False(Of(await ReadAsync(), one).CutOff);
        Assert.All((await ReadAsync()).Volumes, v => Assert.False(v.CutOff));
    }

    [Fact]
    public async Task The_floor_is_the_lowest_version_of_nodes_that_are_not_cut_off_and_never_sinks()
    {
        var (one, _) = await NodeAsync("one", 1);
        var (other, _) = await NodeAsync("other", 1);
        await RecordAsync(new Heartbeat(one, 9, []));
        Assert.Equal(0, await heartbeats.RaiseFloorAsync(CancellationToken.None));

        await RecordAsync(new Heartbeat(other, 4, []));
        Assert.Equal(4, await heartbeats.RaiseFloorAsync(CancellationToken.None));

        var seen = await ReadAsync();
        await heartbeats.CutOffAsync([.. seen.Nodes.Where(n => n.NodeId == other)], [], CancellationToken.None);
        Assert.Equal(9, await heartbeats.RaiseFloorAsync(CancellationToken.None));

        await RecordAsync(new Heartbeat(other, 4, []));
        Assert.Equal(9, await heartbeats.RaiseFloorAsync(CancellationToken.None));
    }

    [Fact]
    public async Task The_budget_is_changed_and_never_zero()
    {
        var settings = new RepairSettings(library.Db);
        Assert.Equal(64L << 20, (await settings.ReadAsync(CancellationToken.None)).RepairBytesPerSecond);

        await settings.SetBudgetAsync(1000, share: null, CancellationToken.None);
        await settings.SetBudgetAsync(bytesPerSecond: null, 0.25, CancellationToken.None);

        var limits = await settings.ReadAsync(CancellationToken.None);
        Assert.Equal((1000, 0.25), (limits.RepairBytesPerSecond, limits.RepairShare));
        foreach (
            var (bytes, share) in new (long?, double?)[] { (0, null), (null, 0), (null, 1.01), (null, double.NaN) }
        )
        {
            var error = await Assert.ThrowsAsync<MetadataException>(() =>
                settings.SetBudgetAsync(bytes, share, CancellationToken.None)
            );
            Assert.Equal(MetadataError.Invalid, error.Error);
        }
    }

    [Fact]
    public async Task Of_each_comparison_the_newest_is_kept_and_one_from_a_lower_floor_is_dropped()
    {
        var store = new ComparisonStore(library.Db, time);
        var (to, a, b) = (Guid.NewGuid(), Guid.NewGuid(), Guid.NewGuid());

        await store.RecordAsync(
            [Row(3, to, a, 5, 2), Row(3, to, a, 6, 1), Row(3, to, b, 5, 0)],
            CancellationToken.None
        );
        await store.RecordAsync([Row(3, to, a, 5, 0), Row(4, to, a, 1, 0)], CancellationToken.None);

        var known = (await store.OfAsync([3], CancellationToken.None)).ToDictionary(r => r.SourceId);
        Assert.Equal((6, 1), (known[a].Floor, known[a].Lacking));
        Assert.Equal((5, 0), (known[b].Floor, known[b].Lacking));
        Assert.Equal(3, (await store.AllAsync(CancellationToken.None)).Count);

        await store.ForgetAsync([(3, a)], CancellationToken.None);
        Assert.Equal([b], (await store.OfAsync([3], CancellationToken.None)).Select(r => r.SourceId));
    }

    [Fact]
    public async Task Only_the_newest_maps_are_kept()
    {
        var store = new ClusterStore(library.Db, time);
        for (var version = 1; version <= 6; version++)
        {
            await store.PublishMapAsync(new StoredMap { Version = version, Map = [1] }, CancellationToken.None);
        }

        await store.PruneMapsAsync(2, CancellationToken.None);

        Assert.Equal(
            2,
            await library.Db.OneAsync<long>("SELECT count(*) FROM cluster_maps", null, CancellationToken.None)
        );
        Assert.Equal(6, (await store.MapAsync(0, CancellationToken.None))!.Version);
    }

    private static ComparisonRow Row(int partition, Guid volume, Guid source, long floor, long lacking) =>
        new()
        {
            Partition = partition,
            VolumeId = volume,
            SourceId = source,
            Floor = floor,
            Lacking = lacking,
        };

    private static NodeBeat Of(Beats beats, Guid node) => beats.Nodes.Single(n => n.NodeId == node);

    private Task<Beats> ReadAsync() => heartbeats.ReadAsync(CancellationToken.None);

    private Task<HeartbeatOutcome> RecordAsync(Heartbeat beat) =>
        heartbeats.RecordAsync([beat], CancellationToken.None);

    private async Task<(Guid Node, Guid[] Volumes)> NodeAsync(string name, int volumes)
    {
        var registry = library.Registry;
        var (token, _) = await registry.CreateTokenAsync(null, TimeSpan.FromHours(1), CancellationToken.None);
        var node = await registry.JoinAsync(token, name, CancellationToken.None);
        var ids = Enumerable.Range(0, volumes).Select(_ => Guid.CreateVersion7()).ToArray();
        await registry.RegisterAsync(
            node,
            "http://127.0.0.1:1",
            "",
            [.. ids.Select((id, i) => new OpenedVolume(id, 0, 1, 100, i + 1))],
            CancellationToken.None
        );
        return (node, ids);
    }
}
