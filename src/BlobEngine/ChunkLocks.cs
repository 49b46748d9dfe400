using FileSharing.Chunks;

namespace FileSharing.BlobEngine;

/// <summary>
/// Serialises what happens to one id. Striped: two ids may share a lock, which only makes one wait. Nobody may hold two, so nobody can wait in a circle.
/// </summary>
internal sealed class ChunkLocks : IDisposable
{
    /// <summary>Far more than puts in flight at once, so that sharing is rare.</summary>
    private const int Stripes = 1024;

    private readonly SemaphoreSlim[] stripes = [.. Enumerable.Range(0, Stripes).Select(_ => new SemaphoreSlim(1, 1))];

    public async ValueTask<Holding> EnterAsync(ChunkId id, CancellationToken ct)
    {
        var stripe = stripes[(uint)id.GetHashCode() % Stripes];
        await stripe.WaitAsync(ct);
        return new Holding(stripe);
    }

    public void Dispose()
    {
        foreach (var stripe in stripes)
        {
            stripe.Dispose();
        }
    }

    /// <summary>Dispose exactly once.</summary>
    public readonly record struct Holding(SemaphoreSlim Stripe) : IDisposable
    {
        public void Dispose() => Stripe.Release();
    }
}
