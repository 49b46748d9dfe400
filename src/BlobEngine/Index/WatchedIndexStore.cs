namespace FileSharing.BlobEngine;

/// <summary>Tells of damage that a call met, and turns it into the error that callers of the engine know.</summary>
internal sealed class WatchedIndexStore(IIndexStore inner, Action onDamage) : IIndexStore
{
    public long TableBytes => inner.TableBytes;

    public int Get(ReadOnlySpan<byte> key, Span<byte> value)
    {
        try
        {
            return inner.Get(key, value);
        }
        catch (IndexException error) when (error.IsDamage)
        {
            throw Damaged(error);
        }
    }

    public void Walk(ReadOnlySpan<byte> from, IndexVisitor visit)
    {
        try
        {
            inner.Walk(from, visit);
        }
        catch (IndexException error) when (error.IsDamage)
        {
            throw Damaged(error);
        }
    }

    public IIndexBatch NewBatch() => inner.NewBatch();

    public void Write(IIndexBatch batch)
    {
        try
        {
            inner.Write(batch);
        }
        catch (IndexException error) when (error.IsDamage)
        {
            throw Damaged(error);
        }
    }

    public void Flush()
    {
        try
        {
            inner.Flush();
        }
        catch (IndexException error) when (error.IsDamage)
        {
            throw Damaged(error);
        }
    }

    public void Dispose() => inner.Dispose();

    private BlobException Damaged(IndexException error)
    {
        onDamage();
        return new BlobException(BlobError.IndexDamaged, $"The index is damaged: {error.Message}", error);
    }
}
