using System.Buffers;
using System.IO.Pipelines;
using System.Security.Cryptography;
using System.Text;
using FileSharing.BlobEngine;
using FileSharing.Chunks;
using FileSharing.Cluster.Signing;
using FileSharing.Cluster.Wire;
using FileSharing.StorageNode;
using FileSharing.StorageNode.Endpoints;
using FileSharing.StorageNode.Endpoints.Internal;

namespace FileSharing.UnitTests.Fuzzing;

/// <summary>Whatever comes from a disk or from the network is refused as documented or taken: no crash, no hang, no unbounded memory.</summary>
[Trait(Soak.Trait, Soak.Engine)]
public sealed class FuzzTests
{
    private const int Slice = 40_000;
    private const int Full = 10_000_000;

    private static readonly ArrayBufferWriter<byte> Delivered = new(64 << 10);

    [Fact]
    public void Records_are_opened_or_refused()
    {
        using var keys = FuzzCorpus.Keys();
        var codec = new RecordCodec(keys, new RecordCodecOptions());
        new Fuzzer(
            "records",
            FuzzCorpus.Records(),
            record =>
            {
                var header = RecordCodec.ReadHeader(record.Span);
                Delivered.ResetWrittenCount();
                codec.DecodeRange(record.Span, 0, Math.Min(header.PlainBytes, 64 << 10), Delivered);
                RecordCodec.Verify(record.Span);
            },
            error => error is BlobException { Error: BlobError.BadRecord or BlobError.Damaged or BlobError.UnknownKey },
            FuzzRepair.Record
        ).Run(Slice, Full);
    }

    [Fact]
    public void Segments_are_scanned_whatever_stands_in_them()
    {
        using var pool = new BufferPool(64 << 20);
        new Fuzzer(
            "segments",
            FuzzCorpus.Segments(),
            segment =>
            {
                var file = new MemoryFile(segment);
                var isSegment = SegmentHeader.TryRead(segment.Span, out var header);
                var scan = new SegmentScan(file, segment: 1, pool);
                scan.Run(isSegment ? header : new SegmentHeader(Guid.Empty, 1, 1, 1), CancellationToken.None);
                Assert.InRange(scan.End, 0, Math.Max(segment.Length, SegmentFormat.SegmentHeaderBytes));
                scan.SalvageTail(scan.End + scan.TornTailBytes, ulong.MaxValue, CancellationToken.None);
                if (SegmentFooter.TryReadBlock(file, 1, pool) is { } footer)
                {
                    _ = SegmentFooter.TryReadContents(file, footer, pool);
                }

                // Nothing is refused as a whole; what the fuzzer is to count is whether there was anything left of it.
                _ = scan.Batches.Count > 0 ? 0 : throw new EndOfStreamException();
            },
            error => error is EndOfStreamException,
            FuzzRepair.Segment
        ).Run(Slice / 4, Full);
    }

    [Fact]
    public void Manifests_are_parsed_or_refused() =>
        new Fuzzer(
            "manifests",
            FuzzCorpus.Manifests(),
            body => Assert.Equal(body.Span, Manifest.Parse(body.Span).ToBody()),
            error => error is FormatException
        ).Run(Slice, Full);

    [Fact]
    public void Batches_of_chunks_are_taken_frame_by_frame_or_refused()
    {
        using var pool = new BufferPool(64 << 20);
        new Fuzzer(
            "batches",
            FuzzCorpus.Batches(),
            body =>
            {
                // It ends at once: everything that it waits for is in memory.
                var reading = ReadAsync(body);
                Assert.True(reading.IsCompleted);
#pragma warning disable VSTHRD002, CA1849
                reading.GetAwaiter().GetResult();
#pragma warning restore VSTHRD002, CA1849
            },
            error => error is RequestException,
            FuzzRepair.Batch
        ).Run(Slice, Full);

        async Task ReadAsync(ReadOnlyMemory<byte> body)
        {
            var reader = new ChunkBatchReader(
                PipeReader.Create(new ReadOnlySequence<byte>(body)),
                pool,
                bytesMax: 4096
            );
            while (await reader.ReadAsync(CancellationToken.None) is var (_, plain))
            {
                plain?.Dispose();
            }
        }
    }

    [Fact]
    public void Streams_of_records_are_taken_frame_by_frame_or_refused() =>
        new Fuzzer(
            "record streams",
            FuzzCorpus.RecordStreams(),
            stream =>
            {
                for (var rest = stream.Span; rest.Length >= RecordFrame.HeadBytes; )
                {
                    var frame = PutRecords.Parse(rest[..RecordFrame.HeadBytes]);
                    Assert.InRange(frame.Length, 1, RecordCodec.RecordBytesMax(ChunkingPolicy.ChunkBytesMax));
                    rest = rest[RecordFrame.HeadBytes..];
                    rest = rest[Math.Min(frame.Length, rest.Length)..];
                }
            },
            error => error is RequestException
        ).Run(Slice, Full);

    [Fact]
    public void Urls_are_verified_or_refused()
    {
        var verifier = new UrlVerifier(FuzzCorpus.Secrets, new SettableTime(FuzzCorpus.Now));
        new Fuzzer(
            "signed URLs",
            FuzzCorpus.Urls(),
            url =>
            {
                var (method, path, query) = FuzzRepair.SplitUrl(Encoding.Latin1.GetString(url.Span));
                verifier.Verify(method, path, query);
            },
            error => error is UrlRefusedException,
            FuzzRepair.Url
        ).Run(Slice, Full);
    }
}
