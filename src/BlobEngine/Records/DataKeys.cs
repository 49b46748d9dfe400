using System.Collections.Immutable;
using FileSharing.Chunks.Keys;

namespace FileSharing.BlobEngine;

/// <summary>
/// The data keys of this process: unwrapped in memory, wrapped beside them. Without a root key nothing is encrypted, and what is
/// already encrypted cannot be opened, though still stored, copied and checked. Thread-safe.
/// </summary>
public sealed class DataKeys : IDisposable
{
    /// <summary>The highest id of a key: the index keeps it in one byte.</summary>
    public const uint IdMax = byte.MaxValue;

    private readonly RootKey? rootKey;
    private readonly Lock adding = new();
    private ImmutableSortedDictionary<uint, WrappedKey> wrapped = ImmutableSortedDictionary<uint, WrappedKey>.Empty;
    private ImmutableDictionary<uint, byte[]> opened = ImmutableDictionary<uint, byte[]>.Empty;

    /// <exception cref="System.Security.Cryptography.CryptographicException">A key was wrapped by another root key.</exception>
    public DataKeys(RootKey? rootKey, IEnumerable<WrappedKey> wrapped)
    {
        ArgumentNullException.ThrowIfNull(wrapped);
        this.rootKey = rootKey;
        foreach (var key in wrapped)
        {
            Add(key);
        }
    }

    /// <summary>The key that new records are sealed with: the highest id; 0 while there is none, and then they are not sealed.</summary>
    public uint CurrentKeyId => rootKey is null || wrapped.IsEmpty ? 0 : wrapped.Keys.Last();

    /// <summary>The wrapped keys, in order of id.</summary>
    public IReadOnlyCollection<WrappedKey> Wrapped => [.. wrapped.Values];

    /// <summary>Adds a key; one that is there already is left as it is.</summary>
    /// <exception cref="System.Security.Cryptography.CryptographicException">Wrapped by another root key.</exception>
    public void Add(WrappedKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentOutOfRangeException.ThrowIfZero(key.Id);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(key.Id, IdMax);
        lock (adding)
        {
            if (wrapped.ContainsKey(key.Id))
            {
                return;
            }

            if (rootKey is not null)
            {
                opened = opened.Add(key.Id, rootKey.Unwrap(KeyDomain.Data, key));
            }

            wrapped = wrapped.Add(key.Id, key);
        }
    }

    /// <summary>The 32 bytes of a key; do not keep them.</summary>
    public bool TryGet(uint id, out ReadOnlyMemory<byte> key)
    {
        var found = opened.TryGetValue(id, out var bytes);
        key = bytes;
        return found;
    }

    /// <summary>Forgets the unwrapped keys.</summary>
    public void Dispose()
    {
        lock (adding)
        {
            foreach (var key in opened.Values)
            {
                System.Security.Cryptography.CryptographicOperations.ZeroMemory(key);
            }

            opened = opened.Clear();
        }
    }
}
