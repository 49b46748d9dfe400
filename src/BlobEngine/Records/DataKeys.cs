using System.Collections.Immutable;
using System.Security.Cryptography;
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
    private volatile uint current;

    /// <param name="rootKey">Null: keys are kept, and none is opened.</param>
    /// <param name="wrapped">The keys to begin with.</param>
    /// <param name="sealWith">Which of them seals new records; null: the one of the highest id.</param>
    /// <exception cref="CryptographicException">A key was wrapped by another root key.</exception>
    /// <exception cref="ArgumentException"><paramref name="sealWith"/> is not among the keys.</exception>
    public DataKeys(RootKey? rootKey, IEnumerable<WrappedKey> wrapped, uint? sealWith = null)
    {
        ArgumentNullException.ThrowIfNull(wrapped);
        this.rootKey = rootKey;
        foreach (var key in wrapped)
        {
            Add(key);
        }

        current = 0;
        Use(sealWith ?? this.wrapped.Keys.LastOrDefault());
    }

    /// <summary>
    /// The key that new records are sealed with; 0 while there is none, and then they are not sealed. The first key is used as soon as it is added; of
    /// later ones <see cref="Use"/> decides, because the owners of a record must have stored its key before it comes.
    /// </summary>
    public uint CurrentKeyId => rootKey is null ? 0 : current;

    /// <summary>The wrapped keys, in order of id.</summary>
    public IReadOnlyCollection<WrappedKey> Wrapped => [.. wrapped.Values];

    /// <summary>Whether the key of this id is here, opened or not.</summary>
    public bool Holds(uint id) => wrapped.ContainsKey(id);

    /// <summary>Adds a key; one that is there already is left as it is.</summary>
    /// <exception cref="CryptographicException">Wrapped by another root key; or it is another key than the one of this id that is here, and records
    /// sealed with one could not be opened by who has the other. Nothing was changed.</exception>
    public void Add(WrappedKey key)
    {
        ArgumentNullException.ThrowIfNull(key);
        ArgumentOutOfRangeException.ThrowIfZero(key.Id);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(key.Id, IdMax);
        lock (adding)
        {
            if (wrapped.TryGetValue(key.Id, out var here))
            {
                ThrowIfOther(here, key);
                return;
            }

            if (rootKey is not null)
            {
                opened = opened.Add(key.Id, rootKey.Unwrap(KeyDomain.Data, key));
            }

            wrapped = wrapped.Add(key.Id, key);
            current = current == 0 ? key.Id : current;
        }
    }

    /// <summary>New records are sealed with this key from now on. A key is never given up for an older one: of a lower id nothing comes.</summary>
    /// <exception cref="ArgumentException">The key is not here.</exception>
    public void Use(uint id)
    {
        lock (adding)
        {
            if (id != 0 && !wrapped.ContainsKey(id))
            {
                throw new ArgumentException($"Data key {id} is not here.", nameof(id));
            }

            current = Math.Max(current, id);
        }
    }

    /// <summary>The 32 bytes of a key; do not keep them.</summary>
    public bool TryGet(uint id, out ReadOnlyMemory<byte> key)
    {
        var found = opened.TryGetValue(id, out var bytes);
        key = bytes;
        return found;
    }

    private void ThrowIfOther(WrappedKey here, WrappedKey offered)
    {
        if (here.Wrapped.AsSpan().SequenceEqual(offered.Wrapped))
        {
            return;
        }

        var secret = rootKey?.Unwrap(KeyDomain.Data, offered);
        if (secret is null || !CryptographicOperations.FixedTimeEquals(secret, opened[here.Id]))
        {
            throw new CryptographicException($"Data key {here.Id} is here already, and it is another one.");
        }

        CryptographicOperations.ZeroMemory(secret);
    }

    /// <summary>Forgets the unwrapped keys.</summary>
    public void Dispose()
    {
        lock (adding)
        {
            foreach (var key in opened.Values)
            {
                CryptographicOperations.ZeroMemory(key);
            }

            opened = opened.Clear();
        }
    }
}
