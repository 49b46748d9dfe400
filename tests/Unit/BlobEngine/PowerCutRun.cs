using FileSharing.BlobEngine;
using FileSharing.Chunks;
using FileSharing.Native.RocksDb;

namespace FileSharing.UnitTests.BlobEngine;

/// <summary>
/// A volume that is written to, loses its power, and is opened again, several times over; it knows what was acknowledged and notes
/// whatever an opening does not give back.
/// </summary>
internal sealed class PowerCutRun : IAsyncDisposable
{
    private const int Cuts = 2;
    private const int OperationsMax = 70;
    private const int GroupsMax = 8;
    private const int PutsPerGroupMax = 4;
    private const int RecordBytesMax = 6000;

    private static readonly CancellationToken None = CancellationToken.None;

    private readonly Random random;
    private readonly Unsynced unsynced;
    private readonly string root = MakeRoot();
    private readonly VolumeOptions options;
    private readonly BufferPool buffers = new(64 << 20);
    private readonly DataKeys keys = new(null, []);
    private readonly RecordCodec codec;
    private readonly Dictionary<ChunkId, Known> known = [];
    private PowerCutDisk disk;

    public PowerCutRun(int seed, Unsynced unsynced, string? liesAbout)
    {
        random = new Random(seed);
        this.unsynced = unsynced;
        codec = new RecordCodec(keys, new RecordCodecOptions { Compress = false });
        options = new VolumeOptions
        {
            Path = Path.Combine(root, "volume"),
            ClusterId = TestVolume.Cluster,
            NodeName = "node-1",
            FreeBytesMin = 0,
            SegmentBytesMax = 48 << 10,
            Linger = TimeSpan.Zero,
            Buffers = buffers,
            Index = new RocksDbOptions { WriteBufferBytes = 1 << 20, BlockCacheBytes = 1 << 20 },
        };
        disk = new PowerCutDisk(IndexPath, NextCut(), SaveIndex) { LiesAbout = liesAbout };
    }

    /// <summary>What must not be, in words; empty when nothing was lost.</summary>
    public List<string> Violations { get; } = [];

    private string IndexPath => Path.Combine(options.Path, "index");

    private string SavedIndexPath => Path.Combine(root, "index-at-cut");

    public async Task RunAsync()
    {
        for (var cut = 1; cut <= Cuts; cut++)
        {
            await StartAndWorkAsync(cut);
            var isLast = cut == Cuts;
            disk = disk.AfterCut(unsynced, random, isLast ? 0 : NextCut(), SaveIndex);
            RestoreIndex();
        }

        await StartAndWorkAsync(start: Cuts + 1);
    }

    private async Task StartAndWorkAsync(int start)
    {
        try
        {
            await using var store = await BlobStore.OpenAsync(options, keys, disk, TimeProvider.System, None);
            await CheckAsync(store, start);
            await WorkAsync(store);
        }
        catch (IOException) when (disk.IsCut)
        {
            // The power went while opening, writing or closing.
        }
        catch (IOException error)
        {
            Violations.Add($"start {start} failed: {error.Message}");
        }
    }

    private async Task WorkAsync(BlobStore store)
    {
        var groups = random.Next(GroupsMax);
        for (var group = 0; group < groups; group++)
        {
            var changes = new List<Task>();
            for (var puts = random.Next(1, PutsPerGroupMax + 1); puts > 0; puts--)
            {
                changes.Add(PutAsync(store));
            }

            var present = known.Where(entry => entry.Value.State == State.Present).Select(entry => entry.Key).ToList();
            if (present.Count > 0 && random.Next(3) == 0)
            {
                changes.Add(DeleteAsync(store, present[random.Next(present.Count)]));
            }

            if (random.Next(3) == 0)
            {
                changes.Add(store.CompactAsync(new CompactionOptions(DeadFractionMin: 0), None));
            }

            await Task.WhenAll(changes);
        }
    }

    private async Task PutAsync(BlobStore store)
    {
        var plain = TestBytes.Make(random.Next(1, RecordBytesMax), random.Next());
        var id = ChunkId.OfChunk(plain);
        var record = new byte[RecordCodec.RecordBytesMax(plain.Length)];
        record = record[..codec.Encode(RecordKind.Chunk, id, plain, record)];
        var put = known[id] = new Known(record);
        await store.PutAsync(record, new PutOptions(1, Owed: false), None);
        put.State = State.Present;
    }

    private async Task DeleteAsync(BlobStore store, ChunkId id)
    {
        known[id].State = State.Unknown;
        await store.DeleteAsync([id], None);
        known[id].State = State.Absent;
    }

    private async Task CheckAsync(BlobStore store, int start)
    {
        Violations.AddRange(store.Recovery.Damage.Select(place => $"start {start}: {place} is called damaged"));
        foreach (var (id, expected) in known)
        {
            using var stored = await store.ReadRecordAsync(id, None);
            if (stored is null && expected.State == State.Present)
            {
                Violations.Add($"start {start}: {id} is lost");
            }
            else if (stored is not null && expected.State == State.Absent)
            {
                Violations.Add($"start {start}: {id} is back after its delete");
            }
            else if (stored is not null && !stored.Memory.Span.SequenceEqual(expected.Record))
            {
                Violations.Add($"start {start}: {id} has other bytes");
            }

            expected.State = stored is null ? State.Absent : State.Present;
        }

        var present = known.Values.Count(entry => entry.State == State.Present);
        if (store.Stats().Records != present)
        {
            Violations.Add($"start {start}: {store.Stats().Records} records are counted and {present} are there");
        }
    }

    private int NextCut() => random.Next(1, OperationsMax);

    /// <summary>What RocksDB has written so far. Closing the store afterwards writes more, which a real cut would not have let it.</summary>
    private void SaveIndex()
    {
        if (!Directory.Exists(IndexPath))
        {
            return;
        }

        Directory.CreateDirectory(SavedIndexPath);
        foreach (var file in Directory.GetFiles(IndexPath))
        {
            File.Copy(file, Path.Combine(SavedIndexPath, Path.GetFileName(file)));
        }
    }

    private void RestoreIndex()
    {
        var isRebuilt = random.Next(4) == 0;
        if (Directory.Exists(IndexPath) && (isRebuilt || Directory.Exists(SavedIndexPath)))
        {
            Directory.Delete(IndexPath, recursive: true);
        }

        if (!Directory.Exists(SavedIndexPath))
        {
            return;
        }

        if (isRebuilt)
        {
            Directory.Delete(SavedIndexPath, recursive: true);
        }
        else
        {
            Directory.Move(SavedIndexPath, IndexPath);
        }
    }

    /// <summary>In memory where there is such a place: RocksDB's own syncs are not what is tried here.</summary>
    private static string MakeRoot()
    {
        var parent = Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath();
        return Directory.CreateDirectory(Path.Combine(parent, $"fileshare-unit-{Guid.NewGuid():N}")).FullName;
    }

    public ValueTask DisposeAsync()
    {
        keys.Dispose();
        buffers.Dispose();
        Directory.Delete(root, recursive: true);
        return ValueTask.CompletedTask;
    }

    private enum State
    {
        /// <summary>Not acknowledged: both ways are right.</summary>
        Unknown,
        Present,
        Absent,
    }

    private sealed class Known(byte[] record)
    {
        public byte[] Record { get; } = record;

        public State State { get; set; }
    }
}
