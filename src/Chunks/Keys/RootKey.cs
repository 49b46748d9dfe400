using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;

namespace FileSharing.Chunks.Keys;

/// <summary>A secret as it lies on a volume or in the database: sealed by the root key, useless without it.</summary>
/// <param name="Id">Which key; never 0 and never reused.</param>
/// <param name="Created">When it was made, UTC.</param>
/// <param name="Wrapped">12 B nonce ‖ ciphertext ‖ 16 B tag.</param>
public sealed record WrappedKey(uint Id, DateTimeOffset Created, byte[] Wrapped);

/// <summary>
/// The 32 bytes that protect all others: it wraps the data keys on the volumes and the signing keys in the database (AES-256-GCM, NIST SP 800-38D).
/// Whoever loses it loses every encrypted byte, so the operator keeps a copy elsewhere.
/// </summary>
public sealed class RootKey : IDisposable
{
    public const int Bytes = 32;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;

    private readonly byte[] key;

    /// <param name="key">Exactly 32 random bytes; copied.</param>
    public RootKey(ReadOnlySpan<byte> key)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(key.Length, Bytes);
        this.key = key.ToArray();
    }

    /// <param name="hex">64 hex digits, white space around them allowed.</param>
    /// <exception cref="FormatException">Anything else; the message does not repeat the text.</exception>
    public static RootKey Parse(ReadOnlySpan<char> hex)
    {
        var digits = hex.Trim();
        Span<byte> bytes = stackalloc byte[Bytes];
        if (
            digits.Length != Bytes * 2
            || Convert.FromHexString(digits, bytes, out _, out var written) != OperationStatus.Done
            || written != Bytes
        )
        {
            throw new FormatException("A root key is 64 hex digits.");
        }

        var root = new RootKey(bytes);
        CryptographicOperations.ZeroMemory(bytes);
        return root;
    }

    /// <param name="domain">What the secret is for, so that one kind of wrapped key cannot be passed off as another.</param>
    public WrappedKey Wrap(string domain, uint id, DateTimeOffset created, ReadOnlySpan<byte> secret)
    {
        var wrapped = new byte[NonceBytes + secret.Length + TagBytes];
        RandomNumberGenerator.Fill(wrapped.AsSpan(0, NonceBytes));
        using var aes = new AesGcm(key, TagBytes);
        aes.Encrypt(
            wrapped.AsSpan(0, NonceBytes),
            secret,
            wrapped.AsSpan(NonceBytes, secret.Length),
            wrapped.AsSpan(NonceBytes + secret.Length),
            AssociatedData(domain, id)
        );
        return new WrappedKey(id, created, wrapped);
    }

    /// <exception cref="CryptographicException">Wrapped by another root key, for another domain or id, or damaged.</exception>
    public byte[] Unwrap(string domain, WrappedKey wrapped)
    {
        ArgumentNullException.ThrowIfNull(wrapped);
        var bytes = wrapped.Wrapped;
        if (bytes.Length < NonceBytes + TagBytes)
        {
            throw new CryptographicException("A wrapped key is too short.");
        }

        var secret = new byte[bytes.Length - NonceBytes - TagBytes];
        using var aes = new AesGcm(key, TagBytes);
        aes.Decrypt(
            bytes.AsSpan(0, NonceBytes),
            bytes.AsSpan(NonceBytes, secret.Length),
            bytes.AsSpan(NonceBytes + secret.Length),
            secret,
            AssociatedData(domain, wrapped.Id)
        );
        return secret;
    }

    private static byte[] AssociatedData(string domain, uint id)
    {
        var data = new byte[domain.Length + 1 + sizeof(uint)];
        System.Text.Encoding.ASCII.GetBytes(domain, data);
        BinaryPrimitives.WriteUInt32LittleEndian(data.AsSpan(domain.Length + 1), id);
        return data;
    }

    public void Dispose() => CryptographicOperations.ZeroMemory(key);
}

/// <summary>The domains that the root key wraps for.</summary>
public static class KeyDomain
{
    /// <summary>Keys that encrypt records.</summary>
    public const string Data = "fileshare-data-key-1";

    /// <summary>Keys that sign URLs, receipts, internal calls and the cluster map.</summary>
    public const string Signing = "fileshare-signing-key-1";
}
