using System.Buffers;
using FileSharing.BlobEngine;
using FileSharing.Chunks;

namespace FileSharing.ClusterTests.Engine;

/// <summary>The plaintexts of a run, one a number: made again from seed and number whenever they are compared, never read back from the node.</summary>
internal sealed class Contents(int seed, RecordCodec codec)
{
    public byte[] Plain(int number)
    {
        var random = new Random(unchecked((seed * 1_000_003) + number));
        var plain = new byte[SizeOf(random)];
        random.NextBytes(plain);
        if (number % 2 == 0)
        {
            // Compressible: another length on disk, and another path through the codec.
            for (var i = 0; i < plain.Length; i++)
            {
                plain[i] &= 3;
            }
        }

        return plain;
    }

    public (ChunkId Id, byte[] Record) Encode(int number)
    {
        var plain = Plain(number);
        var id = ChunkId.OfChunk(plain);
        var record = new byte[RecordCodec.RecordBytesMax(plain.Length)];
        var length = codec.Encode(RecordKind.Chunk, id, plain, record);
        return (id, record[..length]);
    }

    /// <summary>Whether a record that came back holds this plaintext: checksum, tag, and every byte.</summary>
    public bool IsOf(int number, ReadOnlySpan<byte> record)
    {
        var plain = Plain(number);
        var opened = new ArrayBufferWriter<byte>(plain.Length);
        try
        {
            RecordCodec.Verify(record);
            codec.DecodeRange(record, 0, plain.Length, opened);
        }
        catch (Exception error) when (error is BlobException or ArgumentOutOfRangeException)
        {
            return false;
        }

        return opened.WrittenSpan.SequenceEqual(plain);
    }

    /// <summary>Mostly small, so that batches hold many; some of several blocks.</summary>
    private static int SizeOf(Random random) =>
        random.Next(100) switch
        {
            < 70 => random.Next(1, 8 << 10),
            < 95 => random.Next(8 << 10, 96 << 10),
            _ => random.Next(256 << 10, 1 << 20),
        };
}
