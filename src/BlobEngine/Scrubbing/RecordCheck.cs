namespace FileSharing.BlobEngine;

/// <summary>Everything that can be checked of a stored record: its own checksum, and its plaintext against its id where the key is at hand.</summary>
internal static class RecordCheck
{
    public static bool IsSound(Volume volume, ReadOnlySpan<byte> record)
    {
        try
        {
            RecordCodec.Verify(record);
            var header = RecordCodec.ReadHeader(record);
            if (header.KeyId != 0 && !volume.Keys.TryGet(header.KeyId, out _))
            {
                return true;
            }

            using var plain = RecordPlaintext.Open(volume.Codec, record, volume.Buffers);
            return RecordPlaintext.IsOfId(header, plain.GetSpan());
        }
        catch (BlobException)
        {
            return false;
        }
    }
}
