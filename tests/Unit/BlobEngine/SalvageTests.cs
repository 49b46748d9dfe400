using FileSharing.BlobEngine;
using FileSharing.Chunks;

namespace FileSharing.UnitTests.BlobEngine;

/// <summary>Damage in one batch of several records: what the others in it are worth. Segments without a footer, which are read batch by batch.</summary>
public sealed class SalvageTests : IAsyncDisposable
{
    private const int RecordBytes = 9_000;
    private const int HitRecord = 3;
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly TestVolume volume = new();
    private readonly List<(ChunkId Id, byte[] Plain, byte[] Record)> put = [];

    /// <summary>Offset of each record's frame.</summary>
    private readonly List<long> frames = [];

    private string segment = "";

    public ValueTask DisposeAsync() => volume.DisposeAsync();

    public static TheoryData<string> Places =>
        [
            "payload",
            "record header",
            "frame type",
            "frame length",
            "frame flags",
            "batch header",
            "record and frame header",
        ];

    [Theory]
    [MemberData(nameof(Places))]
    public async Task A_rebuild_loses_no_record_of_a_damaged_batch_but_the_one_that_is_hit(string place)
    {
        await WriteAsync();
        Damage(place);

        await using var store = await volume.OpenAsync();

        Assert.Single(store.Recovery.Damage);
        await AssertHoldsAsync(store, place);
        await store.DisposeAsync();
        await using var again = await volume.OpenAsync(volume.Options with { Rebuild = IndexRebuild.FromDirectories });
        await AssertHoldsAsync(again, place);
    }

    [Theory]
    [MemberData(nameof(Places))]
    public async Task An_export_loses_no_record_of_a_damaged_batch_but_the_one_that_is_hit(string place)
    {
        await WriteAsync();
        Damage(place);

        using var keys = new DataKeys(volume.RootKey, []);
        using var offline = OpenOffline(keys);

        Assert.Single(offline.Damage);
        for (var i = 0; i < put.Count; i++)
        {
            if (!IsLost(place, i))
            {
                using var plain = await offline.ReadAsync(put[i].Id, RecordKind.Chunk, None);
                Assert.Equal(put[i].Plain, plain?.Memory.ToArray());
            }
        }

        if (place == "payload")
        {
            await AssertDamagedAsync(async () => await offline.ReadAsync(put[HitRecord].Id, RecordKind.Chunk, None));
        }
    }

    [Fact]
    public async Task An_export_takes_the_whole_records_of_a_damaged_last_batch_and_says_that_it_is_damaged()
    {
        await WriteAsync();
        TurnBit(frames[^2] + 2_000);

        using var keys = new DataKeys(volume.RootKey, []);
        using var offline = OpenOffline(keys);

        Assert.Equal(frames[6] - SegmentFormat.BatchHeaderBytes, Assert.Single(offline.Damage).Offset);
        Assert.Equal(put.Count - 1, offline.Records);
        using var last = await offline.ReadAsync(put[^1].Id, RecordKind.Chunk, None);
        Assert.Equal(put[^1].Plain, last?.Memory.ToArray());
    }

    [Fact]
    public async Task A_note_of_a_damaged_batch_is_not_believed_since_a_turned_bit_makes_a_delete_of_a_stamp()
    {
        await WriteAsync(second => second.AddNote(new Note(NoteKind.Touch, 0, 9, put[0].Id), origin: 2));
        var bytes = await File.ReadAllBytesAsync(segment, None);
        var note = new byte[SegmentFormat.NoteBodyBytes];
        new Note(NoteKind.Touch, 0, 9, put[0].Id).Write(note);
        TurnBit(bytes.AsSpan().IndexOf(note), bit: (byte)NoteKind.Touch ^ (byte)NoteKind.Delete);

        await using var store = await volume.OpenAsync();

        Assert.Single(store.Recovery.Damage);
        Assert.Equal(put.Count, store.Stats().Records);
        Assert.Equal(put[0].Plain, await TestVolume.ReadAsync(store, put[0].Id, 0, RecordBytes));
    }

    [Fact]
    public async Task A_frame_of_another_batch_that_was_written_into_a_damaged_one_is_not_taken()
    {
        await WriteAsync();
        var bytes = await File.ReadAllBytesAsync(segment, None);
        var (from, to) = ((int)frames[0], (int)frames[HitRecord]);
        var length = SegmentFormat.RecordFrameBytes(put[0].Record.Length);
        bytes.AsSpan(from, length).CopyTo(bytes.AsSpan(to));
        await File.WriteAllBytesAsync(segment, bytes, None);

        var scan = Scan();

        Assert.Single(scan.Damage);
        Assert.True(scan.UnknownLossEnd > to);
        Assert.Equal(frames.Where(frame => frame != to), scan.Contents.Records.Select(record => record.FrameOffset));
    }

    [Fact]
    public async Task A_damaged_copy_does_not_hide_an_older_one_that_is_whole()
    {
        await WriteAsync(second => second.AddRecord(put[0].Record, FrameFlags.None, touchEpoch: 8, origin: 2));
        var bytes = await File.ReadAllBytesAsync(segment, None);
        var second = bytes.AsSpan((int)frames[5]).IndexOf(put[0].Record) + frames[5];
        TurnBit(second + 2_000);

        await using var store = await volume.OpenAsync();

        Assert.Single(store.Recovery.Damage);
        Assert.Equal(put[0].Plain, await TestVolume.ReadAsync(store, put[0].Id, 0, RecordBytes));
    }

    [Fact]
    public async Task What_an_index_has_forgotten_does_not_come_back_out_of_a_damaged_place_and_what_it_knows_stays_known()
    {
        await using (var store = await volume.OpenAsync())
        {
            for (var seed = 0; seed < 4; seed++)
            {
                put.Add(volume.MakeRecord(RecordBytes, seed));
                await store.PutAsync(put[seed].Record, new PutOptions(1, Owed: false), None);
            }

            await store.DeleteAsync([put[1].Id], None);
        }

        segment = volume.LastSegment;
        var bytes = await File.ReadAllBytesAsync(segment, None);
        TurnBit(bytes.AsSpan().IndexOf(put[1].Record) + 2_000);
        TurnBit(bytes.AsSpan().IndexOf(put[2].Record) + 2_000);

        await using var reopened = await volume.OpenAsync();

        Assert.Null(reopened.Find(put[1].Id));
        await AssertDamagedAsync(() => TestVolume.ReadAsync(reopened, put[2].Id, 0, RecordBytes));
        await reopened.DisposeAsync();
        await using var rebuilt = await volume.OpenAsync(
            volume.Options with
            {
                Rebuild = IndexRebuild.FromDirectories,
            }
        );
        Assert.Null(rebuilt.Find(put[1].Id));
        await AssertDamagedAsync(() => TestVolume.ReadAsync(rebuilt, put[2].Id, 0, RecordBytes));
    }

    [Fact]
    public async Task A_file_that_looks_like_records_gives_none_when_the_record_around_it_is_damaged()
    {
        await using var plainVolume = new TestVolume(isEncrypted: false);
        var victim = ChunkId.OfChunk(TestBytes.Make(500, 1));
        var forged = new byte[RecordCodec.RecordBytesMax(500)];
        forged = forged[..plainVolume.Codec.Encode(RecordKind.Chunk, victim, TestBytes.Make(500, 2), forged)];
        var head = SegmentFormat.FrameHeaderBytes + SegmentFormat.RecordPrefixBytes;
        var file = TestBytes.Make(RecordBytes, 3);
        using (var pool = new BufferPool(0))
        using (var builder = new BatchBuilder(pool))
        {
            builder.Clear();
            builder.AddRecord(forged, FrameFlags.None, touchEpoch: 1, origin: 1);
            var batch = builder.Finish(BatchFlags.None, 1, SegmentFormat.SegmentHeaderBytes, 1, 0);
            batch.Slice(SegmentFormat.BatchHeaderBytes, head + forged.Length).CopyTo(file);
        }

        var around = new byte[RecordCodec.RecordBytesMax(RecordBytes)];
        around = around[..plainVolume.Codec.Encode(RecordKind.Chunk, ChunkId.OfChunk(file), file, around)];
        await using (var store = await plainVolume.OpenAsync())
        {
            await store.PutAsync(around, new PutOptions(1, Owed: false), None);
            await plainVolume.PutAsync(store, 1_000, seed: 4);
        }

        segment = plainVolume.LastSegment;
        var record = (await File.ReadAllBytesAsync(segment, None)).AsSpan().IndexOf(around);
        TurnBit(record + 40);
        TurnBit(record - head + 5);
        Directory.Delete(Path.Combine(plainVolume.Options.Path, "index"), recursive: true);

        await using var rebuilt = await plainVolume.OpenAsync();

        Assert.Single(rebuilt.Recovery.Damage);
        Assert.Null(rebuilt.Find(victim));
    }

    /// <summary>Three batches of three records; the index is gone.</summary>
    private async Task WriteAsync(Action<CraftedSegment>? addToSecond = null)
    {
        await using (var store = await volume.OpenAsync())
        {
            using var crafted = new CraftedSegment(volume, store.VolumeId, 1, number: 1, sequence: 1);
            for (var batch = 0; batch < 3; batch++)
            {
                for (var i = 0; i < 3; i++)
                {
                    put.Add(volume.MakeRecord(RecordBytes, put.Count));
                    crafted.AddRecord(put[^1].Record, FrameFlags.None, touchEpoch: 7, origin: (ulong)batch + 1);
                }

                if (batch == 1)
                {
                    addToSecond?.Invoke(crafted);
                }

                crafted.WriteBatch();
            }

            segment = crafted.Path;
        }

        Directory.Delete(Path.Combine(volume.Options.Path, "index"), recursive: true);
        var bytes = await File.ReadAllBytesAsync(segment, None);
        frames.AddRange(
            put.Select(record =>
                (long)bytes.AsSpan().IndexOf(record.Record)
                - SegmentFormat.FrameHeaderBytes
                - SegmentFormat.RecordPrefixBytes
            )
        );
    }

    private void Damage(string place)
    {
        var frame = frames[HitRecord];
        var record = frame + SegmentFormat.FrameHeaderBytes + SegmentFormat.RecordPrefixBytes;
        foreach (
            var at in place switch
            {
                "payload" => [record + 2_000],
                "record header" => [record + 40],
                "frame type" => [frame],
                "frame length" => [frame + 5],
                "frame flags" => [frame + 1],
                "batch header" => [frame - SegmentFormat.BatchHeaderBytes + 30],
                "record and frame header" => new[] { record + 40, frame + 5 },
                _ => throw new ArgumentOutOfRangeException(nameof(place)),
            }
        )
        {
            TurnBit(at);
        }
    }

    private SegmentScan Scan()
    {
        using var pool = new BufferPool(0);
        using var file = volume.Disk.Open(segment, DiskAccess.Direct, create: false);
        var scan = new SegmentScan(file, 1, pool);
        scan.Run(new SegmentHeader(Guid.Empty, 1, 1, FirstSequence: 1), None);
        return scan;
    }

    private void TurnBit(long at, int bit = 0x10)
    {
        using var file = new FileStream(segment, FileMode.Open, FileAccess.ReadWrite);
        file.Position = at;
        var was = file.ReadByte();
        file.Position = at;
        file.WriteByte((byte)(was ^ bit));
    }

    private static bool IsLost(string place, int record) =>
        record == HitRecord && (place is "payload" or "record header" or "record and frame header");

    private async Task AssertHoldsAsync(BlobStore store, string place)
    {
        for (var i = 0; i < put.Count; i++)
        {
            if (!IsLost(place, i))
            {
                Assert.Equal(put[i].Plain, await TestVolume.ReadAsync(store, put[i].Id, 0, RecordBytes));
                Assert.Equal(7u, store.Find(put[i].Id)!.TouchEpoch);
            }
        }

        if (place == "payload")
        {
            await AssertDamagedAsync(() => TestVolume.ReadAsync(store, put[HitRecord].Id, 0, RecordBytes));
        }
    }

    private static async Task AssertDamagedAsync(Func<Task> read)
    {
        var error = await Assert.ThrowsAsync<BlobException>(read);
        Assert.Equal(BlobError.Damaged, error.Error);
    }

    private OfflineVolume OpenOffline(DataKeys keys) =>
        OfflineVolume.Open(
            volume.Options.Path,
            volume.OptionsFor("scratch").Path,
            keys,
            new DirectDisk(isReadOnly: true),
            progress: null,
            None
        );
}
