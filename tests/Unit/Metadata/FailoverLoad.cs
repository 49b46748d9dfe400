using System.Collections.Concurrent;
using FileSharing.Metadata;

namespace FileSharing.UnitTests.Metadata;

/// <summary>Uploads that go on through failovers: a call of unknown outcome is repeated until it is known, as a client does.</summary>
internal sealed class FailoverLoad : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(2);

    private const int Reads = 40;

    private readonly Library library;
    private readonly User user;
    private readonly EntryAccess folder;
    private readonly ConcurrentDictionary<Guid, CommittedUpload> journal = new();
    private readonly CancellationTokenSource end = new();
    private Task writers = Task.CompletedTask;
    private int unknown;

    private FailoverLoad(Library library, User user, EntryAccess folder)
    {
        this.library = library;
        this.user = user;
        this.folder = folder;
    }

    public int Acknowledged => journal.Count;

    /// <summary>Commits that were acknowledged at a repetition.</summary>
    public int Unknown => unknown;

    public static async Task<FailoverLoad> StartAsync(Library library, int count)
    {
        await library.Db.RunAsync("CREATE TABLE marks (number integer)", null, CancellationToken.None);
        var writer = await library.UserAsync("writer");
        var load = new FailoverLoad(library, writer, await library.RootAsync(writer));
        load.writers = Task.WhenAll(Enumerable.Range(0, count).Select(n => Task.Run(() => load.WriteAsync(n))));
        return load;
    }

    public async Task UntilMoreAsync(int uploads)
    {
        var goal = Acknowledged + uploads;
        using var late = new CancellationTokenSource(Deadline);
        while (Acknowledged < goal)
        {
            Assert.False(writers.IsFaulted, writers.Exception?.ToString());
            await Task.Delay(Pause, late.Token);
        }
    }

    /// <summary>Returns when this process has found the primary that has the mark.</summary>
    public async Task UntilMarkAsync(int number)
    {
        while (await MarkAsync() != number)
        {
            await Task.Delay(Pause);
        }
    }

    /// <summary>Whichever connection a read gets, it has the mark.</summary>
    public async Task RequireMarkAsync(int number)
    {
        for (var read = 0; read < Reads; read++)
        {
            Assert.Equal(number, await MarkAsync());
            await Task.Delay(Pause);
        }
    }

    private Task<int> MarkAsync() =>
        RepeatAsync(() => library.Db.OneAsync<int>("SELECT coalesce(max(number), -1) FROM marks", null, default));

    public async Task StopAsync()
    {
        await end.CancelAsync();
        await writers;
    }

    public void Dispose() => end.Dispose();

    /// <summary>Every acknowledged version is there with its chunks, and no upload is there in part.</summary>
    public async Task JudgeAsync()
    {
        foreach (var upload in journal.Values)
        {
            var entry = await library.Tree.AccessAsync(user.UserId, upload.FileId, CancellationToken.None);
            Assert.Equal(upload.VersionId, entry?.VersionId);
            var version = await library.Versions.FindAsync(entry!, null, CancellationToken.None);
            var chunks = await library.Versions.ChunksAsync(version!, -1, 0, 100, CancellationToken.None);
            Assert.Equal(upload.Size, chunks.Sum(c => c.Size));
        }

        Assert.Equal(0, await library.Db.OneAsync<int>(HalfVisible, null, CancellationToken.None));
    }

    private const string HalfVisible = """
        SELECT (SELECT count(*) FROM entries e WHERE e.kind = 2 AND NOT EXISTS (
                    SELECT 1 FROM versions v WHERE v.space_id = e.space_id AND v.version_id = e.current_version))::int
             + (SELECT count(*) FROM upload_sessions s WHERE s.status = 1 AND NOT EXISTS (
                    SELECT 1 FROM versions v WHERE v.space_id = s.space_id AND v.version_id = s.version_id))::int
             + (SELECT count(*) FROM versions v WHERE NOT EXISTS (
                    SELECT 1 FROM upload_sessions s WHERE s.space_id = v.space_id AND s.version_id = v.version_id AND s.status = 1))::int
             + (SELECT count(*) FROM versions v WHERE v.size <> (
                    SELECT sum(c.size) FROM upload_chunks c WHERE c.space_id = v.space_id AND c.upload_id = v.upload_id AND c.status > 0))::int
        """;

    private async Task WriteAsync(int writer)
    {
        for (var number = 0; !end.IsCancellationRequested; number++)
        {
            await UploadAsync($"{writer}-{number}");
        }
    }

    private async Task UploadAsync(string name)
    {
        var chunks = Enumerable.Range(0, 3).Select(i => Library.Chunk($"{name}-{i}")).ToArray();
        var session = await RepeatAsync(() => library.OpenAsync(user, folder, name, chunks));
        await RepeatAsync(async () =>
        {
            await library.ProveAsync(session, chunks);
            return true;
        });
        var attempts = 0;
        var committed = await RepeatAsync(() =>
        {
            attempts++;
            return CommitAsync(session);
        });
        journal[session.UploadId] = committed;
        if (attempts > 1)
        {
            Interlocked.Increment(ref unknown);
        }
    }

    /// <summary>As POST …/complete: a session that is committed already answers with what it became.</summary>
    private async Task<CommittedUpload> CommitAsync(UploadSession session)
    {
        var now = (await library.Sessions.FindAsync(session.UploadId, user.UserId, CancellationToken.None))!;
        return now.Status == UploadStatus.Committed
            ? await library.Versions.CommittedAsync(now.SpaceId, now.VersionId!.Value, CancellationToken.None)
            : await library.FinishAsync(now);
    }

    private static async Task<T> RepeatAsync<T>(Func<Task<T>> call)
    {
        using var late = new CancellationTokenSource(Deadline);
        while (true)
        {
            try
            {
                return await call();
            }
            catch (Exception e) when (MetadataDb.IsOutage(e) && !late.IsCancellationRequested)
            {
                await Task.Delay(Pause, CancellationToken.None);
            }
        }
    }
}
