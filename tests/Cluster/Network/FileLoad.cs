using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using FileSharing.Client;
using FileSharing.Client.Upload;
using FileSharing.ClusterTests.Engine;

namespace FileSharing.ClusterTests.Network;

/// <summary>
/// People who store and read files through the client library all the time. Every file that was acknowledged goes to the journal; every read is compared with it.
/// What the library retries by itself is no failure, what it throws is one.
/// </summary>
internal sealed class FileLoad(FileShareClient client, FileJournal journal, int seed) : IAsyncDisposable
{
    private const int Writers = 2;
    private const int Readers = 2;
    private const int ReadAtOnceInTheEnd = 8;
    private static readonly TimeSpan WriterRest = TimeSpan.FromMilliseconds(120);
    private static readonly TimeSpan ReaderRest = TimeSpan.FromMilliseconds(30);

    private readonly CancellationTokenSource stopping = new();
    private Task running = Task.CompletedTask;
    private int names;
    private int puts;
    private int reads;

    public Violations Violations { get; } = new();

    public int Puts => Volatile.Read(ref puts);

    public int Reads => Volatile.Read(ref reads);

    /// <summary>Of single transfers, since the last <see cref="StartMeasuring"/>.</summary>
    public Slowest SlowestPut { get; } = new();

    public Slowest SlowestRead { get; } = new();

    /// <summary>Transfers that are under way go on counting.</summary>
    public void StartMeasuring()
    {
        SlowestPut.Reset();
        SlowestRead.Reset();
    }

    public void Start()
    {
        var work = Enumerable.Range(0, Writers).Select(i => WriteAsync(new Random(seed + i)));
        running = Task.WhenAll([
            .. work,
            .. Enumerable.Range(0, Readers).Select(i => ReadAsync(new Random(seed - 1 - i))),
        ]);
    }

    /// <summary>Ends when everything that was under way has been answered.</summary>
    public async Task StopAsync()
    {
        await stopping.CancelAsync();
        await running;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        stopping.Dispose();
    }

    /// <summary>Reads every file of the journal.</summary>
    public Task ReadEverythingAsync() =>
        Parallel.ForEachAsync(
            journal.All(),
            new ParallelOptions { MaxDegreeOfParallelism = ReadAtOnceInTheEnd },
            async (file, _) => await CompareAsync(file)
        );

    /// <summary>Stores one file of random bytes.</summary>
    public async Task PutAsync(Random random, int bytes)
    {
        var content = new byte[bytes];
        random.NextBytes(content);
        var name = string.Create(CultureInfo.InvariantCulture, $"file-{Interlocked.Increment(ref names)}");
        var clock = SlowestPut.Begin();
        try
        {
            using var source = new MemoryStream(content);
            var stored = await client.UploadAsync(source, bytes, new UploadTarget { Name = name });
            journal.Add(new JournalFile(name, stored.FileId, Convert.ToHexStringLower(SHA256.HashData(content))));
            Interlocked.Increment(ref puts);
        }
        catch (FileShareException error)
        {
            Violations.AddIf(
                true,
                $"{Now}: put of {name} failed after {clock.Elapsed.TotalSeconds:F1} s: {error.Message}"
            );
        }
        finally
        {
            SlowestPut.End(clock);
        }
    }

    private static string Now => DateTime.UtcNow.ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture);

    private async Task WriteAsync(Random random)
    {
        await Task.Yield();
        while (!stopping.IsCancellationRequested)
        {
            await PutAsync(random, SizeOf(random));
            await Task.Delay(WriterRest, CancellationToken.None);
        }
    }

    private async Task ReadAsync(Random random)
    {
        await Task.Yield();
        while (!stopping.IsCancellationRequested)
        {
            if (journal.Random(random) is { } file)
            {
                await CompareAsync(file);
            }

            await Task.Delay(ReaderRest, CancellationToken.None);
        }
    }

    private async Task CompareAsync(JournalFile file)
    {
        var clock = SlowestRead.Begin();
        try
        {
            using var content = new MemoryStream();
            await client.DownloadAsync(file.FileId, content);
            var sum = Convert.ToHexStringLower(SHA256.HashData(content.GetBuffer().AsSpan(0, (int)content.Length)));
            Violations.AddIf(sum != file.Sha256, $"{Now}: {file.Name} came back with other bytes");
            Interlocked.Increment(ref reads);
        }
        catch (FileShareException error)
        {
            Violations.AddIf(
                true,
                $"{Now}: read of {file.Name} failed after {clock.Elapsed.TotalSeconds:F1} s: {error.Message}"
            );
        }
        finally
        {
            SlowestRead.End(clock);
        }
    }

    /// <summary>Most of one chunk, some of many and with a manifest.</summary>
    private static int SizeOf(Random random) =>
        random.Next(100) < 93 ? random.Next(1, 64 << 10) : random.Next(1 << 20, 6 << 20);
}

/// <summary>The longest of some transfers; those that have not ended count with the time that they have taken so far. Thread-safe.</summary>
internal sealed class Slowest
{
    private readonly HashSet<Stopwatch> underWay = [];
    private TimeSpan slowest;

    public TimeSpan Elapsed
    {
        get
        {
            lock (underWay)
            {
                return underWay.Select(clock => clock.Elapsed).Append(slowest).Max();
            }
        }
    }

    public void Reset()
    {
        lock (underWay)
        {
            slowest = TimeSpan.Zero;
        }
    }

    public Stopwatch Begin()
    {
        var clock = Stopwatch.StartNew();
        lock (underWay)
        {
            underWay.Add(clock);
        }

        return clock;
    }

    public void End(Stopwatch clock)
    {
        lock (underWay)
        {
            underWay.Remove(clock);
            slowest = clock.Elapsed > slowest ? clock.Elapsed : slowest;
        }
    }
}
