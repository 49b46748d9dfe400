namespace FileSharing.BlobEngine;

/// <summary>
/// Waits with a change for which the disk has no room. The fact that it enters is durable in the log already; to fail now would poison the volume for
/// good, over something that passes.
/// </summary>
internal sealed class PatientIndexStore(IIndexStore inner, SpareFile spare) : IIndexStore
{
    /// <summary>RocksDB looks for room again every 5 s by itself, and refuses every change until then.</summary>
    private static readonly TimeSpan RetryInterval = TimeSpan.FromMilliseconds(100);

    // Nobody waits before the volume is open: an opening says at once what it lacks.
    private readonly ManualResetEventSlim isImpatient = new(initialState: true);
    private volatile bool isWaiting;

    /// <summary>Whether a change waits for room at this moment. No other should be begun.</summary>
    public bool IsWaiting => isWaiting;

    public long TableBytes => inner.TableBytes;

    /// <summary>From now on changes wait for room.</summary>
    public void BePatient() => isImpatient.Reset();

    /// <summary>From now on they fail, also those that wait: the volume is to be closed.</summary>
    public void BeImpatient() => isImpatient.Set();

    public int Get(ReadOnlySpan<byte> key, Span<byte> value) => inner.Get(key, value);

    public void Walk(ReadOnlySpan<byte> from, IndexVisitor visit) => inner.Walk(from, visit);

    public IIndexBatch NewBatch() => inner.NewBatch();

    /// <summary>Applied when it returns, however long that takes.</summary>
    public void Write(IIndexBatch batch)
    {
        try
        {
            while (!TryWrite(batch))
            {
                isWaiting = true;
                spare.ReleaseWhenShort();
                isImpatient.Wait(RetryInterval);
            }
        }
        finally
        {
            isWaiting = false;
        }
    }

    private bool TryWrite(IIndexBatch batch)
    {
        try
        {
            inner.Write(batch);
            return true;
        }
        catch (IndexException error) when (error.IsNoSpace && !isImpatient.IsSet)
        {
            return false;
        }
    }

    public void Flush() => inner.Flush();

    public void Dispose()
    {
        inner.Dispose();
        isImpatient.Dispose();
    }
}
