using System.Runtime.InteropServices;
using FileSharing.BlobEngine;
using FileSharing.Chunks;
using static FileSharing.Engine.Report;

namespace FileSharing.Engine;

/// <summary>Gets of verified plaintext: out of memory, from the disk, and in ranges.</summary>
internal static partial class GetScenario
{
    private const int Small = 4 << 10;
    private const int Large = 4 << 20;
    private const int Range = 64 << 10;
    private const int BlockBytes = 128 << 10;
    private const int Depth = 16;
    private const int FillWriters = 32;

    /// <summary>Of all records, at most so many are read between two drops of the cache: neighbours share pages, and a page read for one is then in memory for the other.</summary>
    private const int ColdShare = 10;

    public static async Task SmallAsync(Run run)
    {
        var path = run.Fresh();
        await using (var volume = await BenchVolume.OpenAsync(path))
        {
            var ids = await FillAsync(volume, Small, 400_000);
            await WarmAsync(run, volume, ids[..20_000]);
            await ColdAsync(run, volume, ids);
        }

        Directory.Delete(path, recursive: true);
    }

    public static async Task RangesAsync(Run run)
    {
        var path = run.Fresh();
        await using (var volume = await BenchVolume.OpenAsync(path))
        {
            var ids = (await FillAsync(volume, Large, 512)).ToArray();
            var sinks = Sinks();
            var random = Randoms();
            var seconds = 0.0;
            long touched = 0;
            long read = 0;
            long done = 0;
            while (seconds < run.Seconds)
            {
                DropCache(volume);
                var before = Proc.DiskReadBytes;
                var rate = await OnceEachAsync(ids, ReadRangeAsync);
                read += Proc.DiskReadBytes - before;
                seconds += rate.Seconds;
                done += rate.Operations;
            }

            Line(
                "64 KiB of 4 MiB, disk bytes",
                "the blocks it touches",
                Text($"{read / (double)touched:F2} × the blocks"),
                conditions: Text(
                    $"cold, depth {Depth}, {done / seconds:N0}/s; {read / (double)done / 1024:F0} KiB read, {touched / (double)done / 1024:F0} KiB of blocks of 128 KiB touched"
                )
            );

            async Task ReadRangeAsync(ChunkId id, int worker)
            {
                var offset = random[worker].Next(Large - Range);
                var blocks = ((offset + Range - 1) / BlockBytes) - (offset / BlockBytes) + 1;
                Interlocked.Add(ref touched, (long)blocks * BlockBytes);
                await ReadAsync(volume, id, offset, Range, sinks[worker]);
            }
        }

        Directory.Delete(path, recursive: true);
    }

    private static async Task WarmAsync(Run run, BenchVolume volume, List<ChunkId> ids)
    {
        var sinks = Sinks();
        var next = 0;
        Task GetAsync(int worker) =>
            ReadAsync(
                volume,
                ids[(Interlocked.Increment(ref next) & int.MaxValue) % ids.Count],
                0,
                Small,
                sinks[worker]
            );
        await Loop.RunAsync(Environment.ProcessorCount, run.WarmUpSeconds, GetAsync);
        var rate = await Loop.RunAsync(Environment.ProcessorCount, run.Seconds, GetAsync);
        Line(
            "get 4 KiB from memory",
            "≥ 40,000/s a core",
            Text($"{rate.PerCpuSecond:N0} a CPU-second"),
            conditions: Text(
                $"{rate.PerSecond:N0}/s on {Environment.ProcessorCount} cores; checksum, tag and key of each"
            )
        );
    }

    private static async Task ColdAsync(Run run, BenchVolume volume, List<ChunkId> ids)
    {
        var sinks = Sinks();
        var random = new Random(7);
        var order = ids.ToArray();
        double seconds = 0;
        double cpu = 0;
        long done = 0;
        long diskBytes = 0;
        while (seconds < run.Seconds)
        {
            random.Shuffle(order);
            DropCache(volume);
            var before = Proc.DiskReadBytes;
            var rate = await OnceEachAsync(
                order.AsMemory(0, order.Length / ColdShare),
                (id, worker) => ReadAsync(volume, id, 0, Small, sinks[worker])
            );
            diskBytes += Proc.DiskReadBytes - before;
            seconds += rate.Seconds;
            cpu += rate.CpuSeconds;
            done += rate.Operations;
        }

        DropCache(volume);
        var raw = await Fio.ReadRandomAsync(volume.SegmentPaths, Depth, run.Seconds);
        Line(
            "get 4 KiB, cold",
            "≥ 80 % of fio",
            Text($"{done / seconds:N0}/s"),
            Text($"{raw:N0}/s"),
            Text($"{done / seconds / raw:P0}"),
            Text(
                $"depth {Depth}; {diskBytes / (double)done / 1024:F1} KiB read for a record of 4,228 B, of which fio reads 4 KiB; {cpu / done * 1e6:F1} CPU-µs a get"
            )
        );
    }

    /// <summary>Does this for each of these once, at <see cref="Depth"/>.</summary>
    private static async Task<Rate> OnceEachAsync(ReadOnlyMemory<ChunkId> ids, Func<ChunkId, int, Task> operation)
    {
        var next = -1;
        var cpu = Environment.CpuUsage.TotalTime;
        var begin = TimeProvider.System.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, Depth).Select(worker => Task.Run(() => RepeatAsync(worker))));
        return new Rate(
            ids.Length,
            TimeProvider.System.GetElapsedTime(begin).TotalSeconds,
            (Environment.CpuUsage.TotalTime - cpu).TotalSeconds
        );

        async Task RepeatAsync(int worker)
        {
            int at;
            while ((at = Interlocked.Increment(ref next)) < ids.Length)
            {
                await operation(ids.Span[at], worker);
            }
        }
    }

    private static async Task<List<ChunkId>> FillAsync(BenchVolume volume, int bytes, int count)
    {
        var ids = new List<ChunkId>(count);
        var writers = bytes == Small ? FillWriters : 4;
        await Task.WhenAll(
            Enumerable
                .Range(0, writers)
                .Select(worker =>
                    Task.Run(async () =>
                    {
                        using var putter = new Putter(volume, worker, bytes);
                        for (var i = 0; i < count / writers; i++)
                        {
                            var id = await putter.PutAsync();
                            lock (ids)
                            {
                                ids.Add(id);
                            }
                        }
                    })
                )
        );
        return ids;
    }

    private static async Task ReadAsync(BenchVolume volume, ChunkId id, int offset, int length, Sink sink)
    {
        sink.Reset();
        if (
            !await volume.Store.ReadPlainAsync(id, RecordKind.Chunk, offset, length, sink, CancellationToken.None)
            || sink.Written != length
        )
        {
            throw new InvalidOperationException($"{id}: {sink.Written} of {length} bytes came back.");
        }
    }

    private static Sink[] Sinks() => [.. Enumerable.Range(0, Depth).Select(_ => new Sink(Large))];

    private static Random[] Randoms() => [.. Enumerable.Range(0, Depth).Select(seed => new Random(seed))];

    /// <summary>Takes the segments out of the page cache. The index stays in memory, where it is while a volume is in use.</summary>
    private static void DropCache(BenchVolume volume)
    {
        const int dontNeed = 4;
        foreach (var path in volume.SegmentPaths)
        {
            using var file = File.OpenHandle(path);
            if (Fadvise(file, 0, 0, dontNeed) != 0)
            {
                throw new IOException($"The page cache keeps {path}.");
            }
        }
    }

    [LibraryImport("libc", EntryPoint = "posix_fadvise")]
    private static partial int Fadvise(SafeHandle file, long offset, long length, int advice);
}
