using FileSharing.Chunks;

namespace FileSharing.BlobEngine;

/// <summary>
/// Serialises what happens to one id. Striped: two ids may share a lock, which only makes one wait. Nobody may hold two, so nobody can wait in a circle.
/// </summary>
internal sealed class ChunkLocks : IDisposable
{
    /// <summary>Far more than puts in flight at once, so that sharing is rare.</summary>
    private const int Stripes = 1024;

    /// <summary>Made when first needed: a volume that is only looked at needs few.</summary>
    private readonly SemaphoreSlim?[] stripes = new SemaphoreSlim?[Stripes];

    public async ValueTask<Holding> EnterAsync(ChunkId id, CancellationToken ct)
    {
        var stripe = Stripe((uint)id.GetHashCode() % Stripes);
        await stripe.WaitAsync(ct);
        return new Holding(stripe);
    }

    private SemaphoreSlim Stripe(uint number)
    {
        if (Volatile.Read(ref stripes[number]) is { } known)
        {
            return known;
        }

        var made = new SemaphoreSlim(1, 1);
        if (Interlocked.CompareExchange(ref stripes[number], made, null) is not { } earlier)
        {
            return made;
        }

        made.Dispose();
        return earlier;
    }

    public void Dispose()
    {
        foreach (var stripe in stripes)
        {
            stripe?.Dispose();
        }
    }

    /// <summary>Dispose exactly once.</summary>
    public readonly record struct Holding(SemaphoreSlim Stripe) : IDisposable
    {
        public void Dispose() => Stripe.Release();
    }
}
