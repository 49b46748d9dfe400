namespace FileSharing.BlobEngine;

/// <summary>
/// Knows when every read that may still use a location from before some moment has ended, so that a segment can be unlinked. Entering costs two
/// interlocked operations. Readers are thread-safe; one thread waits at a time.
/// </summary>
internal sealed class ReaderGate
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(1);

    // Readers of even and of odd generations: those that wait to end are never counted with those that begin.
    private readonly int[] reading = new int[2];
    private int generation;

    /// <summary>Before the index is asked. Dispose the result when the bytes have been read.</summary>
    public Pass Enter()
    {
        while (true)
        {
            var seen = Volatile.Read(ref generation) & 1;
            Interlocked.Increment(ref reading[seen]);
            if ((Volatile.Read(ref generation) & 1) == seen)
            {
                return new Pass(this, seen);
            }

            Interlocked.Decrement(ref reading[seen]);
        }
    }

    /// <summary>Returns when all that entered before the call have left.</summary>
    public async Task WaitForReadersAsync(CancellationToken ct)
    {
        // A wait that was cut off may have left readers on the other side; nobody new joins them.
        var present = Volatile.Read(ref generation) & 1;
        await DrainAsync(present ^ 1, ct);
        Interlocked.Increment(ref generation);
        await DrainAsync(present, ct);
    }

    private async Task DrainAsync(int side, CancellationToken ct)
    {
        while (Volatile.Read(ref reading[side]) > 0)
        {
            await Task.Delay(Poll, ct);
        }
    }

    internal readonly struct Pass(ReaderGate gate, int generation) : IDisposable
    {
        public void Dispose() => Interlocked.Decrement(ref gate.reading[generation]);
    }
}
