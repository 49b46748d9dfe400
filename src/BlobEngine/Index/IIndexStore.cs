namespace FileSharing.BlobEngine;

/// <summary>
/// Opens and removes the store below the index. RocksDB in the product; in the simulation a model that knows what was flushed, and one
/// suite of tests holds both to the same behaviour.
/// </summary>
internal interface IIndexEngine
{
    /// <summary>Opens the store at this path, or makes an empty one.</summary>
    /// <exception cref="IndexException"><see cref="IndexException.IsDamage"/>: remove it, and open anew.</exception>
    IIndexStore Open(string path);

    bool Exists(string path);

    /// <summary>Removes what is there, if anything is.</summary>
    void Remove(string path);
}

/// <summary>
/// Keys and values in byte order. Batches are applied whole and in order, visible at once and durable with the next <see cref="Flush"/>: a crash takes a
/// tail of whole batches, never one from the middle. Reads are thread-safe, writes come from one thread.
/// </summary>
/// <remarks>Every member throws <see cref="IndexException"/>.</remarks>
internal interface IIndexStore : IDisposable
{
    /// <summary>Bytes on disk.</summary>
    long TableBytes { get; }

    /// <summary>Copies the value of this key to the start of <paramref name="value"/>, which must be large enough.</summary>
    /// <returns>Its length; -1 when there is no such key.</returns>
    int Get(ReadOnlySpan<byte> key, Span<byte> value);

    /// <summary>Visits the keys at or after this one, in order, until the visitor says no. A view of this moment.</summary>
    void Walk(ReadOnlySpan<byte> from, IndexVisitor visit);

    IIndexBatch NewBatch();

    void Write(IIndexBatch batch);

    /// <summary>Returns when every batch written before is on stable storage.</summary>
    void Flush();
}

/// <summary>Changes that are applied as one. Cleared, it can be filled again.</summary>
internal interface IIndexBatch : IDisposable
{
    void Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value);

    void Delete(ReadOnlySpan<byte> key);

    void Clear();
}

/// <returns>False to end the walk.</returns>
internal delegate bool IndexVisitor(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value);
