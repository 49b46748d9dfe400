namespace FileSharing.BlobEngine;

/// <summary>
/// Encodes records anew under the current data key: the only part of compaction that sees plaintext. What it cannot open, or what turns out not to be what
/// its id says, is left as it is: a rotation must not lose a record, nor give a damaged one a good checksum.
/// </summary>
/// <param name="keys">Those of the process.</param>
/// <param name="codec">With these keys.</param>
/// <param name="isStored">Whether a key lies on the volume: a record under one that does not would be lost with the process.</param>
/// <param name="pool">Where plaintext and record are put.</param>
internal sealed class RecordRewriter(DataKeys keys, RecordCodec codec, Predicate<uint> isStored, BufferPool pool)
{
    /// <summary>The key that new records get, as the index keeps it; 0 when nothing is sealed, or the key is not on the volume yet.</summary>
    public byte CurrentKeyId => keys.CurrentKeyId is var current && isStored(current) ? (byte)current : (byte)0;

    /// <summary>
    /// Whether records under this key (0: not sealed) are to be encoded anew: it is older than the one that new records get, and opens. Peers may be ahead of
    /// this node and send records under a newer key: those are as they should be.
    /// </summary>
    public bool IsNeeded(uint keyId) => keyId < CurrentKeyId && (keyId == 0 || keys.TryGet(keyId, out _));

    /// <returns>The new record, in a buffer of which it takes the first bytes, to be disposed; null when the process has got a key meanwhile that the volume has not.</returns>
    /// <exception cref="BlobException"><see cref="BlobError.Damaged"/>: the plaintext is not what the id names.</exception>
    public (PooledBuffer Buffer, int RecordBytes)? Rewrite(StoredRecord stored)
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
            var bytes = codec.Encode(stored.Header.Kind, stored.Id, plain.GetSpan(), buffer.GetSpan());
            if (isStored(RecordHeader.Read(buffer.GetSpan()).KeyId))
            {
                return (buffer, bytes);
            }
        }
        catch
        {
            buffer.Dispose();
            throw;
        }

        buffer.Dispose();
        return null;
    }
}
