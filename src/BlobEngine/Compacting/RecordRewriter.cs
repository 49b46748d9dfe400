namespace FileSharing.BlobEngine;

/// <summary>
/// Encodes records anew under the current data key: the only part of compaction that sees plaintext. What it cannot open, or what turns out not to be what
/// its id says, is left as it is: a rotation must not lose a record, nor give a damaged one a good checksum.
/// </summary>
internal sealed class RecordRewriter(DataKeys keys, BufferPool pool)
{
    private readonly RecordCodec codec = new(keys, new RecordCodecOptions());

    /// <summary>The key that new records get, as the index keeps it; 0 when nothing is sealed.</summary>
    public byte CurrentKeyId => (byte)keys.CurrentKeyId;

    /// <summary>Whether the record lies under another key than new ones do, and can be opened.</summary>
    public bool IsNeeded(RecordHeader header) =>
        keys.CurrentKeyId is not 0 and var current
        && header.KeyId != current
        && (header.KeyId == 0 || keys.TryGet(header.KeyId, out _));

    /// <returns>The new record, in a buffer of which it takes the first bytes; dispose it.</returns>
    /// <exception cref="BlobException"><see cref="BlobError.Damaged"/>: the plaintext is not what the id names.</exception>
    public (PooledBuffer Buffer, int RecordBytes) Rewrite(StoredRecord stored)
    {
        using var plain = RecordPlaintext.Open(codec, stored.Memory.Span, pool);
        if (!RecordPlaintext.IsOfId(stored.Header, plain.GetSpan()))
        {
            throw new BlobException(
                BlobError.Damaged,
                $"The record of {stored.Id} holds other bytes than its id names."
            );
        }

        var buffer = pool.Rent(RecordCodec.RecordBytesMax(plain.Length));
        try
        {
            return (buffer, codec.Encode(stored.Header.Kind, stored.Id, plain.GetSpan(), buffer.GetSpan()));
        }
        catch
        {
            buffer.Dispose();
            throw;
        }
    }
}
