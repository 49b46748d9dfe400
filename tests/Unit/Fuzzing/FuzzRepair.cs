using System.Buffers.Binary;
using System.Text;
using FileSharing.BlobEngine;
using FileSharing.Chunks;
using FileSharing.Cluster.Signing;
using FileSharing.Native.XxHash;
using FileSharing.StorageNode.Endpoints;

namespace FileSharing.UnitTests.Fuzzing;

/// <summary>Makes checksums, names and signatures of a changed input right again, so that what lies behind their check is reached.</summary>
internal static class FuzzRepair
{
    public static void Record(Memory<byte> input)
    {
        var record = input.Span;
        if (record.Length < RecordFormat.RecordBytesMinOf(plainBytes: 1))
        {
            return;
        }

        BinaryPrimitives.WriteUInt32LittleEndian(record, RecordFormat.Magic);
        BinaryPrimitives.WriteInt32LittleEndian(record[RecordFormat.RecordBytesOffset..], record.Length);
        WriteChecksum(record, RecordFormat.HeaderChecksumOffset);
        var plainBytes = BinaryPrimitives.ReadInt32LittleEndian(record[RecordFormat.PlainBytesOffset..]);
        if (plainBytes is > 0 and <= RecordFormat.PlainBytesMax)
        {
            RepairBlocks(record, plainBytes);
        }

        WriteChecksum(record, record.Length - RecordFormat.ChecksumBytes);
    }

    public static void Segment(Memory<byte> input)
    {
        var segment = input.Span;
        for (var at = 0; at + SegmentFormat.BatchHeaderBytes <= segment.Length; at += SegmentFormat.BlockBytes)
        {
            var block = segment[at..];
            switch (BinaryPrimitives.ReadUInt32LittleEndian(block))
            {
                case SegmentFormat.SegmentMagic:
                    WriteChecksum(block, 48);
                    break;
                case SegmentFormat.FooterMagic:
                    WriteChecksum(block, 40);
                    break;
                case SegmentFormat.BatchMagic:
                    var frames = BinaryPrimitives.ReadInt64LittleEndian(block[40..]);
                    if (frames >= 0 && frames <= block.Length - SegmentFormat.BatchHeaderBytes)
                    {
                        var hash = XXH3.Hash64(block.Slice(SegmentFormat.BatchHeaderBytes, (int)frames));
                        BinaryPrimitives.WriteUInt64LittleEndian(block[48..], hash);
                    }

                    WriteChecksum(block, 56);
                    break;
                default:
                    break;
            }
        }
    }

    /// <summary>A chunk that was changed gets its new name; only those that are sent as they are, since they come first.</summary>
    public static void Batch(Memory<byte> input)
    {
        var batch = input.Span;
        while (
            batch.Length >= ChunkFrame.HeadBytes
            && ChunkFrame.Read(batch) is { } frame
            && frame.BodyBytes <= batch.Length - ChunkFrame.HeadBytes
        )
        {
            if (!frame.IsZstd)
            {
                ChunkId.OfChunk(batch.Slice(ChunkFrame.HeadBytes, frame.BodyBytes)).CopyTo(batch[8..]);
            }

            batch = batch[(ChunkFrame.HeadBytes + frame.BodyBytes)..];
        }
    }

    /// <summary>Method, path and parameters of the text of a request; no parser of the product, so it takes everything.</summary>
    public static (string Method, string Path, List<KeyValuePair<string, string>> Query) SplitUrl(string url)
    {
        var method = url.IndexOf(' ', StringComparison.Ordinal) is var space and >= 0 ? url[..space] : "";
        var question = url.IndexOf('?', StringComparison.Ordinal) is var mark and >= 0 ? mark : url.Length;
        var path = question > method.Length ? url[(method.Length + 1)..question] : "";
        var query = url[Math.Min(question + 1, url.Length)..]
            .Split('&')
            .Select(parameter =>
                parameter.Split('=', 2) is [var name, var value]
                    ? KeyValuePair.Create(name, Uri.UnescapeDataString(value))
                    : KeyValuePair.Create(parameter, "")
            );
        return (method, path, [.. query]);
    }

    /// <summary>Signs what the URL says now, in the place of the signature that it has.</summary>
    public static void Url(Memory<byte> input)
    {
        var url = Encoding.Latin1.GetString(input.Span);
        var (method, path, query) = SplitUrl(url);
        var signature = url.LastIndexOf("&sig=", StringComparison.Ordinal);
        if (signature < 0 || url.Length - signature - 5 < 43)
        {
            return;
        }

        var values = UrlForm.Parameters.Select(name => query.Find(parameter => parameter.Key == name).Value).ToArray();
        var mac = UrlForm.Sign(
            FuzzCorpus.Secrets.UrlKeys[0].Key,
            FuzzCorpus.Secrets.ClusterId,
            method == "HEAD" ? "GET" : method,
            path,
            values
        );
        Encoding
            .Latin1.GetBytes(System.Buffers.Text.Base64Url.EncodeToString(mac))
            .CopyTo(input.Span[(signature + 5)..]);
    }

    private static void RepairBlocks(Span<byte> record, int plainBytes)
    {
        var trailerBytes = RecordFormat.TrailerBytes(plainBytes);
        if (trailerBytes > record.Length - RecordFormat.HeaderBytes)
        {
            return;
        }

        var trailer = record[^trailerBytes..];
        var stored = record[RecordFormat.HeaderBytes..^trailerBytes];
        for (var block = 0; block < RecordFormat.BlockCount(plainBytes); block++)
        {
            var entry = trailer[(block * RecordFormat.TrailerEntryBytes)..];
            var length = BinaryPrimitives.ReadUInt32LittleEndian(entry);
            if (length > stored.Length)
            {
                return;
            }

            BinaryPrimitives.WriteUInt64LittleEndian(entry[4..], XXH3.Hash64(stored[..(int)length]));
            stored = stored[(int)length..];
        }
    }

    private static void WriteChecksum(Span<byte> bytes, int at) =>
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[at..], XXH3.Hash64(bytes[..at]));
}
