namespace FileSharing.Cluster.Reading;

/// <summary>
/// Bounds second questions to a share of the reads: each read earns a tenth of one, up to a small stock. When everything is slow, nearly every read would ask
/// twice, and the cluster would be slower for it. Thread-safe.
/// </summary>
internal sealed class HedgeBudget
{
    /// <summary>Second questions a read.</summary>
    public const double Share = 0.1;

    /// <summary>Second questions in stock at most, and at the start.</summary>
    public const int StockMax = 10;

    private readonly Lock changing = new();
    private double stock = StockMax;

    /// <summary>A read begins.</summary>
    public void Earn()
    {
        lock (changing)
        {
            stock = Math.Min(stock + Share, StockMax);
        }
    }

    /// <summary>False when the stock does not allow a second question now.</summary>
    public bool TrySpend()
    {
        lock (changing)
        {
            if (stock < 1)
            {
                return false;
            }

            stock--;
            return true;
        }
    }
}
