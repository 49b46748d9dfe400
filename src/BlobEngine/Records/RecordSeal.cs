using System.Buffers.Binary;
using System.Security.Cryptography;

namespace FileSharing.BlobEngine;

/// <summary>
/// Seals and opens the blocks of one record. The key is derived from the data key, the record's salt and its id, so the block index
/// can be the nonce: no pair of both is ever used twice. RFC 5869, NIST SP 800-38D.
/// </summary>
internal sealed class RecordSeal : IDisposable
{
    private readonly AesGcm aes;
    private readonly byte[] header = new byte[RecordFormat.HeaderBytes];

    private RecordSeal(AesGcm aes, ReadOnlySpan<byte> header)
    {
        this.aes = aes;
        header[..RecordFormat.HeaderBytes].CopyTo(this.header);
    }

    /// <returns>Null when the record is not encrypted.</returns>
    /// <exception cref="BlobException"><see cref="BlobError.UnknownKey"/>.</exception>
    public static RecordSeal? For(DataKeys keys, uint keyId, ReadOnlySpan<byte> header)
    {
        if (keyId == 0)
        {
            return null;
        }

        if (!keys.TryGet(keyId, out var dataKey))
        {
            throw new BlobException(BlobError.UnknownKey, $"Data key {keyId} is not known here.");
        }

        var prefix = RecordFormat.KeyInfo;
        Span<byte> info = stackalloc byte[prefix.Length + Chunks.ChunkId.Bytes];
        prefix.CopyTo(info);
        header.Slice(RecordFormat.IdOffset, Chunks.ChunkId.Bytes).CopyTo(info[prefix.Length..]);
        Span<byte> key = stackalloc byte[RecordFormat.KeyBytes];
        HKDF.DeriveKey(
            HashAlgorithmName.SHA256,
            dataKey.Span,
            key,
            header.Slice(RecordFormat.SaltOffset, RecordFormat.SaltBytes),
            info
        );
        var seal = new RecordSeal(new AesGcm(key, RecordFormat.TagBytes), header);
        CryptographicOperations.ZeroMemory(key);
        return seal;
    }

    /// <summary>Writes ciphertext and tag; <paramref name="plain"/> may be the start of <paramref name="sealedBlock"/>.</summary>
    public void Seal(int block, ReadOnlySpan<byte> plain, Span<byte> sealedBlock)
    {
        Span<byte> nonce = stackalloc byte[RecordFormat.NonceBytes];
        WriteNonce(nonce, block);
        aes.Encrypt(nonce, plain, sealedBlock[..plain.Length], sealedBlock[plain.Length..], header);
    }

    /// <exception cref="CryptographicException">The tag does not fit; nothing of the plaintext is in <paramref name="plain"/>.</exception>
    public void Open(int block, ReadOnlySpan<byte> sealedBlock, Span<byte> plain)
    {
        Span<byte> nonce = stackalloc byte[RecordFormat.NonceBytes];
        WriteNonce(nonce, block);
        aes.Decrypt(nonce, sealedBlock[..plain.Length], sealedBlock[plain.Length..], plain, header);
    }

    private static void WriteNonce(Span<byte> nonce, int block)
    {
        nonce.Clear();
        BinaryPrimitives.WriteInt32LittleEndian(nonce, block);
    }

    public void Dispose() => aes.Dispose();
}
