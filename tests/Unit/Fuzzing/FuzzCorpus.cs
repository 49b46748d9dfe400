using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using FileSharing.BlobEngine;
using FileSharing.Chunks;
using FileSharing.Chunks.Keys;
using FileSharing.Cluster.Signing;
using FileSharing.Cluster.Wire;
using FileSharing.Native.Zstd;
using FileSharing.StorageNode.Endpoints;
using FileSharing.UnitTests.BlobEngine;

namespace FileSharing.UnitTests.Fuzzing;

/// <summary>Good inputs for every parser.</summary>
internal static class FuzzCorpus
{
    public static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1_700_000_000);

    public static ClusterSecrets Secrets { get; } =
        new()
        {
            ClusterId = Guid.Parse("11111111-2222-3333-4444-555555555555"),
            UrlKeys = [new SigningKey(1, [.. Enumerable.Repeat((byte)6, 32)])],
            ReceiptKey = [.. Enumerable.Repeat((byte)7, 32)],
            InternalKey = [.. Enumerable.Repeat((byte)8, 32)],
            MapKey = [.. Enumerable.Repeat((byte)9, 32)],
            DataKeys = [],
            ChunkingPolicy = "dedup",
        };

    public static DataKeys Keys()
    {
        var root = new RootKey(SHA256.HashData("root key of the fuzzer"u8));
        return new DataKeys(
            root,
            [root.Wrap(KeyDomain.Data, 1, DateTimeOffset.UnixEpoch, SHA256.HashData("data key"u8))]
        );
    }

    public static List<byte[]> Records()
    {
        using var keys = Keys();
        using var none = new DataKeys(null, []);
        return
        [
            Record(keys, 1, compressible: false),
            Record(keys, 700, compressible: false),
            Record(keys, 2000, compressible: true),
            Record(none, 300, compressible: false),
            Record(none, 1500, compressible: true),
            // Two blocks.
            Record(none, RecordFormat.BlockBytes + 100, compressible: true),
        ];
    }

    public static List<byte[]> Segments()
    {
        using var none = new DataKeys(null, []);
        var records = Enumerable.Range(1, 4).Select(number => Record(none, number * 500, compressible: false)).ToList();
        var damaged = Segment(records, isSealed: false);
        // The note of the second batch: its record is whole, and is salvaged.
        damaged[SegmentFormat.SegmentHeaderBytes + 4096 + 1230] ^= 1;
        return [Segment(records, isSealed: true), Segment(records, isSealed: false), damaged];
    }

    public static List<byte[]> Manifests() =>
        [
            Manifest.Create(0, "dedup", []).ToBody(),
            Manifest.Create(0, "dedup", [new(Id(1), 1), new(Id(2), 4096), new(Id(3), 10 << 20)]).ToBody(),
            Manifest.Create(1, "fixed", [new(Id(1), 1L << 40), new(Id(2), 77)]).ToBody(),
        ];

    public static List<byte[]> Batches()
    {
        var plain = TestBytes.Make(600, 1, compressible: true);
        using var compressor = new Compressor(1);
        var packed = new byte[Compressor.CompressedBytesMax(plain.Length)];
        Assert.True(compressor.TryCompress(plain, packed, out var packedBytes));
        packed = packed[..packedBytes];
        return
        [
            Batch(0, plain, plain),
            Batch(1, plain, packed),
            [.. Batch(2, plain, plain), .. Batch(3, plain, packed), .. Batch(4, [7], [7])],
        ];
    }

    public static List<byte[]> RecordStreams()
    {
        var put = Frame(new RecordFrame(RecordOperation.Put, Owed: true, Epoch: 3, Length: 200));
        var settle = Frame(new RecordFrame(RecordOperation.Settle, Owed: false, Epoch: 0, Length: ChunkId.Bytes));
        return [put, settle, [.. put, .. settle, .. put]];
    }

    public static List<byte[]> Urls()
    {
        var signer = new UrlSigner(Secrets, new SettableTime(Now));
        UrlGrant[] grants =
        [
            UrlGrant.GetFile(Id(1), RecordKind.Manifest, 1_048_577, "a b.txt", "text/plain"),
            UrlGrant.PutChunk(Id(2), 4096, Guid.Parse("aaaaaaaa-2222-3333-4444-555555555555"), 3, 9),
            UrlGrant.PutBatch(Guid.Parse("aaaaaaaa-2222-3333-4444-555555555555"), 1 << 20, 9),
        ];
        return
        [
            .. grants.Select(grant =>
                Encoding.Latin1.GetBytes($"{grant.Method} {signer.Sign(grant, TimeSpan.FromMinutes(9))}")
            ),
        ];
    }

    private static ChunkId Id(byte of) => ChunkId.OfChunk([of]);

    private static byte[] Record(DataKeys keys, int bytes, bool compressible)
    {
        var plain = TestBytes.Make(bytes, bytes, compressible);
        var record = new byte[RecordCodec.RecordBytesMax(bytes)];
        var codec = new RecordCodec(keys, new RecordCodecOptions());
        return record[..codec.Encode(RecordKind.Chunk, ChunkId.OfChunk(plain), plain, record)];
    }

    private static byte[] Segment(List<byte[]> records, bool isSealed)
    {
        using var pool = new BufferPool(64 << 20);
        using var builder = new BatchBuilder(pool);
        var bytes = new List<byte>(new byte[SegmentFormat.SegmentHeaderBytes]);
        var header = new byte[SegmentFormat.SegmentHeaderBytes];
        new SegmentHeader(Guid.Empty, Incarnation: 1, Segment: 1, FirstSequence: 1).Write(header);
        header.CopyTo(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(bytes));
        var directory = new List<DirectoryEntry>();
        var sequence = 1ul;
        foreach (var record in records)
        {
            builder.Clear();
            var frame = builder.AddRecord(record, FrameFlags.Owed, touchEpoch: 2, sequence);
            builder.AddNote(new Note(NoteKind.Touch, 0, 5, Id(9)), sequence);
            var read = RecordHeader.Read(record);
            directory.Add(
                new DirectoryEntry(
                    read.Id,
                    bytes.Count + frame,
                    record.Length,
                    read.Kind,
                    FrameFlags.Owed,
                    2,
                    sequence,
                    0
                )
            );
            bytes.AddRange(builder.Finish(BatchFlags.None, 1, bytes.Count, sequence++, bytes.Count));
        }

        if (isSealed)
        {
            var first = bytes.Count;
            builder.Clear();
            builder.AddDirectory([.. directory], sequence);
            builder.AddNote(new Note(NoteKind.Delete, 0, 0, Id(8)), 1);
            bytes.AddRange(builder.Finish(BatchFlags.Footer, 1, first, sequence, first));
            var block = new byte[SegmentFormat.FooterBlockBytes];
            new FooterBlock(1, 1, first, sequence, (ulong)records.Count).Write(block);
            bytes.AddRange(block);
        }

        return [.. bytes];
    }

    private static byte[] Batch(int index, byte[] plain, byte[] sent)
    {
        var frame = new byte[ChunkFrame.HeadBytes + sent.Length];
        BinaryPrimitives.WriteInt32LittleEndian(frame, index);
        BinaryPrimitives.WriteInt32LittleEndian(frame.AsSpan(4), plain.Length);
        ChunkId.OfChunk(plain).CopyTo(frame.AsSpan(8));
        frame[8 + ChunkId.Bytes] = (byte)(sent.Length == plain.Length ? 0 : 1);
        BinaryPrimitives.WriteInt32LittleEndian(frame.AsSpan(12 + ChunkId.Bytes), sent.Length);
        sent.CopyTo(frame, ChunkFrame.HeadBytes);
        return frame;
    }

    private static byte[] Frame(RecordFrame frame)
    {
        var bytes = new byte[RecordFrame.HeadBytes + frame.Length];
        frame.WriteTo(bytes);
        return bytes;
    }
}
