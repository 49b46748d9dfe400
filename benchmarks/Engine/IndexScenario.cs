using System.Buffers.Binary;
using System.Globalization;
using FileSharing.BlobEngine;
using FileSharing.Chunks;
using FileSharing.Native.RocksDb;
using static FileSharing.Engine.Report;

namespace FileSharing.Engine;

/// <summary>
/// An index of many chunks, without the segments behind it: what a chunk costs on disk and in memory, and how long a look-up takes. Filled and measured by processes of their
/// own, so that the memory of the one is not that of the other.
/// </summary>
internal static class IndexScenario
{
    private const int RecordBytes = 4228;
    private const int ChunksPerSegment = 240_000;
    private const int ChunksPerUpdate = 4096;
    private const int Lookups = 300_000;

    /// <summary>Up to here ids come in random order, as chunks do; more of them in order of id, since RocksDB would merge for hours.</summary>
    private const int RandomOrderMax = 10_000_000;

    private static RocksDbOptions Options =>
        new VolumeOptions
        {
            Path = "",
            ClusterId = Guid.Empty,
            NodeName = "",
        }.Index;

    public static async Task RunAsync(Run run)
    {
        var small = 0.0;
        foreach (var chunks in run.Chunks)
        {
            var path = run.Fresh();
            Directory.CreateDirectory(path);
            var text = chunks.ToString(CultureInfo.InvariantCulture);
            await Child.RunAsync("index-fill", path, text);
            var figures = (await Child.RunAsync("index-measure", path, text))
                .Split(' ')
                .Select(figure => double.Parse(figure, CultureInfo.InvariantCulture))
                .ToArray();
            var (diskBytes, readerBytes, residentBytes) = (figures[0], figures[1], figures[2]);
            var (present, absent) = (figures[3], figures[4]);
            var order =
                chunks > RandomOrderMax ? "filled in order of id" : "filled in random order, as left by RocksDB";
            Line(
                $"index of {chunks:N0}, disk",
                "≤ 60 B a chunk",
                Text($"{diskBytes / chunks:F1} B"),
                conditions: order
            );
            Line(
                $"index of {chunks:N0}, memory",
                "≤ 3 B a chunk",
                Text($"{readerBytes / chunks:F2} B"),
                conditions: Text(
                    $"filters and block indexes; the process grows by {residentBytes / (1 << 20):F0} MiB in {3 * Lookups:N0} look-ups, with its cache of at most {Options.BlockCacheBytes >> 20} MiB"
                )
            );
            small = small == 0 ? present : small;
            Line(
                $"index of {chunks:N0}, get",
                "p50 ≤ 25 µs",
                Text($"p50 {present:F1} µs"),
                conditions: Text($"absent ids {absent:F1} µs; {present / small:F1} × the first line")
            );
            Directory.Delete(path, recursive: true);
        }
    }

    public static void Fill(string path, int chunks)
    {
        // The one thing that an index without segments cannot be given through its updates fast enough: each of them looks up what it replaces.
        using (var db = RocksDb.Open(path, Options))
        using (var batch = new WriteBatch())
        {
            var key = new byte[IndexKeys.IdKeyBytes];
            var value = new byte[IndexEntry.Bytes];
            for (var i = 0; i < chunks; i++)
            {
                EntryOf(i).Write(value);
                batch.Put(IndexKeys.OfId(key, IndexKeys.Entry, IdOf(i, chunks)), value);
                if ((i + 1) % ChunksPerUpdate == 0 || i + 1 == chunks)
                {
                    db.Write(batch);
                    batch.Clear();
                }
            }

            BinaryPrimitives.WriteUInt64LittleEndian(value, ChunkIndex.Format);
            batch.Put(IndexKeys.Format, value.AsSpan(0, sizeof(ulong)));
            db.Write(batch);
            db.Flush();
        }
    }

    public static void Measure(string path, int chunks)
    {
        var before = Proc.ResidentBytes;
        using var index = RocksDb.Open(path, Options);
        var random = new Random(5);
        // The first half only warms: table readers are opened, the page cache fills.
        _ = Median(index, random, chunks, isPresent: true);
        var present = Median(index, random, chunks, isPresent: true);
        var absent = Median(index, random, chunks, isPresent: false);
        GC.Collect();
        var resident = Proc.ResidentBytes - before;
        Console.WriteLine(Text($"{index.TableBytes()} {index.ReaderBytes()} {resident} {present:F2} {absent:F2}"));
    }

    private static double Median(RocksDb index, Random random, int chunks, bool isPresent)
    {
        var ticks = new long[Lookups];
        var key = new byte[IndexKeys.IdKeyBytes];
        var value = new byte[IndexEntry.Bytes];
        for (var i = 0; i < Lookups; i++)
        {
            var id = isPresent ? IdOf(random.Next(chunks), chunks) : IdOf(-1 - i, chunks);
            var begin = TimeProvider.System.GetTimestamp();
            var found = index.Get(IndexKeys.OfId(key, IndexKeys.Entry, id), value) == IndexEntry.Bytes;
            ticks[i] = TimeProvider.System.GetTimestamp() - begin;
            if (found != isPresent)
            {
                throw new InvalidOperationException($"{id} is {(found ? "" : "not ")}in the index.");
            }
        }

        Array.Sort(ticks);
        return ticks[Lookups / 2] * 1e6 / TimeProvider.System.TimestampFrequency;
    }

    private static IndexEntry EntryOf(int i) =>
        new(
            (uint)(1 + (i / ChunksPerSegment)),
            (long)(i % ChunksPerSegment) * SegmentFormat.RecordFrameBytes(RecordBytes),
            RecordBytes,
            RecordKind.Chunk,
            Owed: false,
            GcState.Live,
            TouchEpoch: 1
        );

    /// <summary>Four mixed numbers (splitmix64); in the ordered case the first of them grows with <paramref name="i"/>.</summary>
    private static ChunkId IdOf(int i, int chunks)
    {
        Span<byte> id = stackalloc byte[ChunkId.Bytes];
        for (var part = 0; part < 4; part++)
        {
            BinaryPrimitives.WriteUInt64BigEndian(id[(part * 8)..], Mix(((ulong)(uint)i << 2) + (ulong)part));
        }

        if (chunks > RandomOrderMax && i >= 0)
        {
            var step = ulong.MaxValue / (ulong)chunks;
            BinaryPrimitives.WriteUInt64BigEndian(id, ((ulong)i * step) + (Mix((ulong)i) % step));
        }

        return new ChunkId(id);
    }

    private static ulong Mix(ulong number)
    {
        number += 0x9E37_79B9_7F4A_7C15;
        number = (number ^ (number >> 30)) * 0xBF58_476D_1CE4_E5B9;
        number = (number ^ (number >> 27)) * 0x94D0_49BB_1331_11EB;
        return number ^ (number >> 31);
    }
}
