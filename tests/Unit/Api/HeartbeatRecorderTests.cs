using FileSharing.Api.Placement;
using FileSharing.Metadata;
using FileSharing.UnitTests.Metadata;
using FileSharing.UnitTests.Postgres;
using Npgsql;

namespace FileSharing.UnitTests.Api;

public sealed class HeartbeatRecorderTests(PostgresFixture postgres) : IAsyncLifetime
{
    private readonly SettableTime time = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));
    private Library library = null!;
    private Heartbeats heartbeats = null!;
    private HeartbeatRecorder recorder = null!;

    public async ValueTask InitializeAsync()
    {
        library = await Library.CreateAsync(postgres);
        heartbeats = new Heartbeats(library.Db, time);
        recorder = new HeartbeatRecorder(heartbeats, time);
    }

    public ValueTask DisposeAsync() => library.DisposeAsync();

    [Fact]
    public async Task A_heartbeat_without_news_is_written_once_a_second_and_one_with_news_at_once()
    {
        var node = await NodeAsync("one");
        var first = time.Now;
        await RecordAsync(new Heartbeat(node, 1, []));

        time.Now += TimeSpan.FromSeconds(0.9);
        await RecordAsync(new Heartbeat(node, 1, []));
        Assert.Equal(first.UtcDateTime, await SeenAsync(node));

        await RecordAsync(new Heartbeat(node, 2, []));
        Assert.Equal(time.Now.UtcDateTime, await SeenAsync(node));

        time.Now += TimeSpan.FromSeconds(1);
        await RecordAsync(new Heartbeat(node, 2, []));
        Assert.Equal(time.Now.UtcDateTime, await SeenAsync(node));
    }

    [Fact]
    public async Task Heartbeats_that_come_together_are_all_recorded_before_they_are_answered()
    {
        var nodes = new List<Guid>();
        for (var i = 0; i < 20; i++)
        {
            nodes.Add(await NodeAsync($"{i}"));
        }

        await Task.WhenAll(nodes.Select((node, i) => RecordAsync(new Heartbeat(node, i + 1, []))));

        var beats = (await heartbeats.ReadAsync(CancellationToken.None)).Nodes.ToDictionary(n => n.NodeId);
        Assert.All(nodes.Index(), node => Assert.Equal(node.Index + 1, beats[node.Item].MapVersion));
    }

    [Fact]
    public async Task A_heartbeat_that_cannot_be_recorded_is_not_answered_and_the_next_one_is_tried()
    {
        var node = await NodeAsync("one");
        await ExecuteAsync("ALTER TABLE nodes RENAME TO away");
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => RecordAsync(new Heartbeat(node, 1, [])));

        await ExecuteAsync("ALTER TABLE away RENAME TO nodes");
        await RecordAsync(new Heartbeat(node, 1, []));

        Assert.Equal(time.Now.UtcDateTime, await SeenAsync(node));
    }

    private Task<HeartbeatOutcome> RecordAsync(Heartbeat beat) => recorder.RecordAsync(beat, CancellationToken.None);

    private Task<int> ExecuteAsync(string sql) => library.Db.RunAsync(sql, null, CancellationToken.None);

    private async Task<DateTime> SeenAsync(Guid node) =>
        (await heartbeats.ReadAsync(CancellationToken.None))
            .Nodes.Single(n => n.NodeId == node)
            .SeenAt!.Value.ToUniversalTime();

    private async Task<Guid> NodeAsync(string name)
    {
        var (token, _) = await library.Registry.CreateTokenAsync(null, TimeSpan.FromHours(1), CancellationToken.None);
        var node = await library.Registry.JoinAsync(token, name, CancellationToken.None);
        await library.Registry.RegisterAsync(node, "http://127.0.0.1:1", "", [], CancellationToken.None);
        return node;
    }
}
