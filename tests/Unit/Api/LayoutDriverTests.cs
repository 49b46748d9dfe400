using FileSharing.Api;
using FileSharing.Api.Background;
using FileSharing.Api.Placement;
using FileSharing.Chunks.Keys;
using FileSharing.Cluster.Map;
using FileSharing.Metadata;
using FileSharing.UnitTests.Metadata;
using FileSharing.UnitTests.Postgres;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging.Abstractions;

namespace FileSharing.UnitTests.Api;

/// <summary>The driver against Postgres with a clock that the test sets: a minute of the cluster is sixty steps.</summary>
public sealed class LayoutDriverTests(PostgresFixture postgres) : IAsyncLifetime
{
    private readonly SettableTime time = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));
    private readonly RootKey root = new(new byte[32]);
    private readonly List<(Guid Node, Guid Volume)> nodes = [];
    private readonly ApiSettings settings = ApiSettings.From(
        new ConfigurationBuilder()
            .AddInMemoryCollection([
                new("Api:Postgres", "Host=x"),
                new("Api:RootKeyFile", "root.key"),
                new("Api:AdminPasswordFile", "admin-password"),
                new("Api:Cluster:ReplaceAfterMinutes", "1"),
                new("Api:Cluster:InitialNodes", "4"),
            ])
            .Build()
    );
    private Library library = null!;
    private ClusterStore store = null!;
    private Heartbeats heartbeats = null!;
    private LayoutStore layouts = null!;
    private ClusterState cluster = null!;
    private LayoutDriver driver = null!;

    public async ValueTask InitializeAsync()
    {
        library = await Library.CreateAsync(postgres);
        store = new ClusterStore(library.Db, time);
        heartbeats = new Heartbeats(library.Db, time);
        layouts = new LayoutStore(library.Db, time);
        cluster = await LoadAsync();
        for (var i = 1; i <= 4; i++)
        {
            nodes.Add(await NodeAsync($"{i}"));
        }

        await Maps(cluster).UpdateAsync(CancellationToken.None);
        driver = Driver(cluster);
    }

    public async ValueTask DisposeAsync()
    {
        driver.Dispose();
        root.Dispose();
        await library.DisposeAsync();
    }

    [Fact]
    public async Task A_node_that_stays_away_is_down_then_cut_off_then_replaced_and_comes_back()
    {
        var away = nodes[3];
        await RunAsync(seconds: 9, silent: away.Node);
        Assert.DoesNotContain(Map.Volumes, v => v.IsDown);

        await RunAsync(seconds: 3, silent: away.Node);
        Assert.Equal(away.Volume, Assert.Single(Map.Volumes, v => v.IsDown).VolumeId);
        var floor = await FloorAsync();
        Assert.True(floor < Map.Version, "the floor waits for who is away");

        await RunAsync(seconds: 25, silent: away.Node);
        Assert.True(
            (await heartbeats.ReadAsync(CancellationToken.None)).Nodes.Single(n => n.NodeId == away.Node).CutOff
        );
        Assert.Equal(Map.Version, await FloorAsync());
        Assert.Equal("the volumes of the first map", (await AppliedAsync()).Reason);

        await RunAsync(seconds: 30, silent: away.Node);
        var applied = await AppliedAsync();
        Assert.Equal((Layout.Automatic, "4/1 is away: replaced"), (applied.Author, applied.Reason));
        Assert.Equal(settings.MovesMax, Map.Moves.Count);
        Assert.All(Map.Moves, m => Assert.Equal(away.Volume, Map.Volumes[m.From].VolumeId));

        await RunAsync(seconds: 3, silent: Guid.Empty);
        applied = await AppliedAsync();
        Assert.Equal((Layout.Automatic, "4/1 is back: added again"), (applied.Author, applied.Reason));
        Assert.All(applied.Members, m => Assert.False(m.IsReplaced));
        Assert.Empty(Map.Moves);
        Assert.DoesNotContain(Map.Volumes, v => v.IsDown);
    }

    [Fact]
    public async Task When_the_driver_could_not_run_or_nobody_was_heard_nothing_is_marked()
    {
        var silent = nodes[3].Node;
        await RunAsync(seconds: 8, silent);
        time.Now += TimeSpan.FromMinutes(5);
        await RunAsync(seconds: 9, silent);
        Assert.DoesNotContain(Map.Volumes, v => v.IsDown);

        await RunAsync(seconds: 2, silent: Guid.Empty);
        for (var i = 0; i < 60; i++)
        {
            time.Now += TimeSpan.FromSeconds(1);
            await driver.StepAsync(CancellationToken.None);
        }

        Assert.DoesNotContain(Map.Volumes, v => v.IsDown);
        await RunAsync(seconds: 9, silent);
        Assert.DoesNotContain(Map.Volumes, v => v.IsDown);
        await RunAsync(seconds: 4, silent);
        Assert.Single(Map.Volumes, v => v.IsDown);
    }

    [Fact]
    public async Task Two_processes_and_a_restart_carry_the_same_layout_on()
    {
        await RunAsync(seconds: 14, silent: nodes[3].Node);
        var other = await LoadAsync();
        using var second = Driver(other);

        await second.StepAsync(CancellationToken.None);
        await driver.StepAsync(CancellationToken.None);
        await second.StepAsync(CancellationToken.None);

        Assert.Equal(Map.Version, other.Map.Required.Version);
        Assert.Single(other.Map.Required.Volumes, v => v.IsDown);
    }

    [Fact]
    public async Task Every_map_says_when_a_node_is_cut_off()
    {
        await RunAsync(seconds: 14, silent: nodes[3].Node);

        Assert.Equal(settings.ReplaceAfter, Map.ReplaceAfter);
        Assert.True(Map.Version > 1);
    }

    private ClusterMap Map => cluster.Map.Required;

    /// <summary>One step a second; all nodes but one are heard, with the newest map.</summary>
    private async Task RunAsync(int seconds, Guid silent)
    {
        for (var i = 0; i < seconds; i++)
        {
            time.Now += TimeSpan.FromSeconds(1);
            await heartbeats.RecordAsync(
                [.. nodes.Where(n => n.Node != silent).Select(n => new Heartbeat(n.Node, Map.Version, [n.Volume]))],
                CancellationToken.None
            );
            await driver.StepAsync(CancellationToken.None);
        }

        // What the last step published is confirmed too.
        await heartbeats.RecordAsync(
            [.. nodes.Where(n => n.Node != silent).Select(n => new Heartbeat(n.Node, Map.Version, [n.Volume]))],
            CancellationToken.None
        );
    }

    private Task<long> FloorAsync() => heartbeats.RaiseFloorAsync(CancellationToken.None);

    private async Task<Layout> AppliedAsync() => (await layouts.ReadAsync(CancellationToken.None)).Applied!;

    private Task<ClusterState> LoadAsync() =>
        ClusterState.LoadAsync(
            store,
            new DataKeyStore(library.Db, time),
            root,
            settings,
            new IdSource(time),
            time,
            CancellationToken.None
        );

    private MapMaker Maps(ClusterState state) =>
        new(state, store, library.Registry, settings, NullLogger<MapMaker>.Instance);

    private LayoutDriver Driver(ClusterState state) =>
        new(
            state,
            Maps(state),
            store,
            heartbeats,
            new ComparisonStore(library.Db, time),
            new LayoutChanges(state, Maps(state), layouts, library.Registry),
            library.Registry,
            settings,
            time,
            NullLogger<LayoutDriver>.Instance
        );

    private async Task<(Guid Node, Guid Volume)> NodeAsync(string name)
    {
        var registry = library.Registry;
        var (token, _) = await registry.CreateTokenAsync(null, TimeSpan.FromHours(1), CancellationToken.None);
        var node = await registry.JoinAsync(token, name, CancellationToken.None);
        var volume = Guid.CreateVersion7();
        await registry.RegisterAsync(
            node,
            $"http://127.0.0.1:{9000 + nodes.Count}",
            "",
            [new OpenedVolume(volume, 0, 1, 100, 1)],
            CancellationToken.None
        );
        return (node, volume);
    }
}
