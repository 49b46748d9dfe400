using System.Buffers;
using FileSharing.Chunks;

namespace FileSharing.BlobEngine;

/// <summary>The plaintext of whole records, for those who must see all of it: scrubbing, rotation of keys, export.</summary>
internal static class RecordPlaintext
{
    /// <summary>Opens the record; every block's checksum and tag is verified.</summary>
    /// <returns>Exactly the plaintext; dispose it.</returns>
    /// <exception cref="BlobException"><see cref="BlobError.BadRecord"/>, <see cref="BlobError.Damaged"/>, <see cref="BlobError.UnknownKey"/>.</exception>
    public static PooledBuffer Open(RecordCodec codec, ReadOnlySpan<byte> record, BufferPool pool)
    {
        var plainBytes = RecordCodec.ReadHeader(record).PlainBytes;
        var plain = pool.Rent(plainBytes);
        try
        {
            codec.DecodeRange(record, 0, plainBytes, new Filler(plain));
            return plain;
        }
        catch
        {
            plain.Dispose();
            throw;
        }
    }

    /// <summary>Whether the plaintext is what the id names.</summary>
    public static bool IsOfId(RecordHeader header, ReadOnlySpan<byte> plain) =>
        Manifest.IdOf(header.Kind, plain) == header.Id;

    private sealed class Filler(PooledBuffer target) : IBufferWriter<byte>
    {
        private int filled;

        public void Advance(int count) => filled += count;

        public Memory<byte> GetMemory(int sizeHint = 0) => target.Memory[filled..];

        public Span<byte> GetSpan(int sizeHint = 0) => target.GetSpan()[filled..];
    }
}
