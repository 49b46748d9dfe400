namespace FileSharing.BlobEngine;

/// <summary>
/// Encodes records anew under the current data key: the only part of compaction that sees plaintext. What it cannot open, or what turns out not to be what
/// its id says, is left as it is: a rotation must not lose a record, nor give a damaged one a good checksum.
/// </summary>
internal sealed class RecordRewriter(DataKeys keys, BufferPool pool)
{
    private readonly RecordCodec codec = new(keys, new RecordCodecOptions());

    /// <summary>
    /// Whether records under this key (0: not sealed) are to be encoded anew: it is older than the one that new records get, and opens. Peers may be ahead of
    /// this node and send records under a newer key: those are as they should be.
    /// </summary>
    public bool IsNeeded(uint keyId) => keyId < keys.CurrentKeyId && (keyId == 0 || keys.TryGet(keyId, out _));

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
