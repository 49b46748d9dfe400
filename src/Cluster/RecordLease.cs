using System.Buffers;

namespace FileSharing.Cluster;

/// <summary>
/// An encoded record in a pooled buffer, held by everyone who still sends or writes it. The last to release gives the buffer back.
/// </summary>
/// <param name="owner">The buffer.</param>
/// <param name="length">Bytes of it that are the record.</param>
/// <param name="released">Called once, after the buffer went back: returns what was reserved for it.</param>
public sealed class RecordLease(IMemoryOwner<byte> owner, int length, Action? released = null) : IDisposable
{
    private int holders = 1;

    /// <summary>Valid while the caller holds the lease.</summary>
    public ReadOnlyMemory<byte> Record => owner.Memory[..length];

    /// <summary>One more holder, who must <see cref="Dispose"/> too.</summary>
    /// <exception cref="ObjectDisposedException">Everyone had released it already.</exception>
    public RecordLease Retain()
    {
        int seen;
        do
        {
            seen = Volatile.Read(ref holders);
            ObjectDisposedException.ThrowIf(seen == 0, this);
        } while (Interlocked.CompareExchange(ref holders, seen + 1, seen) != seen);

        return this;
    }

    /// <summary>Once for each holder.</summary>
    public void Dispose()
    {
        if (Interlocked.Decrement(ref holders) == 0)
        {
            owner.Dispose();
            released?.Invoke();
        }
    }
}
