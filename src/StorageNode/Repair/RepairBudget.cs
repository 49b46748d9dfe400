using System.Runtime.CompilerServices;
using FileSharing.StorageNode.Membership;
using FileSharing.StorageNode.Volumes;

namespace FileSharing.StorageNode.Repair;

/// <summary>The budget of each volume while it is open: whatever moves or repairs its records spends from one. Thread-safe.</summary>
/// <param name="limits">Asked at every turn: they may change while something waits.</param>
internal sealed class RepairBudgets(Func<RepairPace> limits, TimeProvider time)
{
    private readonly ConditionalWeakTable<OpenVolume, RepairBudget> budgets = [];

    public RepairBudget Of(OpenVolume volume) => budgets.GetValue(volume, _ => new RepairBudget(limits, time));
}

/// <summary>
/// Bounds what one volume does for moves and repair: to so many bytes a second, and to a share of the time. Whoever begins waits until what was done before is paid for,
/// so one record may be larger than a second's budget. Thread-safe.
/// </summary>
/// <param name="limits">Asked at every turn: they may change while something waits.</param>
internal sealed class RepairBudget(Func<RepairPace> limits, TimeProvider time)
{
    /// <summary>Time that passes unused is not saved up beyond this.</summary>
    private static readonly TimeSpan SavedMax = TimeSpan.FromMilliseconds(100);

    /// <summary>Shorter rests are saved up: a timer is not finer.</summary>
    private static readonly TimeSpan RestMin = TimeSpan.FromMilliseconds(20);

    /// <summary>Who waits looks at the limits again after this.</summary>
    private static readonly TimeSpan LookMax = TimeSpan.FromSeconds(1);

    private readonly Lock gate = new();
    private int underWay;
    private long lookedAt = time.GetTimestamp();

    // What was done and is not paid for yet: bytes by time that passes, time of work by time without.
    private double bytesUnpaid;
    private TimeSpan workUnpaid;
    private bool isResting;

    /// <summary>Returns when the work may begin. Works may overlap: time counts once, however many are under way.</summary>
    /// <param name="bytes">That it brings or sends; 0 for a question.</param>
    /// <returns>Dispose it when the work is over.</returns>
    public async Task<RepairWork> BeginAsync(int bytes, CancellationToken cancellationToken)
    {
        while (TryBegin(bytes) is { Ticks: > 0 } wait)
        {
            await Task.Delay(wait < LookMax ? wait : LookMax, time, cancellationToken);
        }

        return new RepairWork(this);
    }

    /// <returns>How long to wait before the next attempt; zero when it has begun.</returns>
    private TimeSpan TryBegin(int bytes)
    {
        lock (gate)
        {
            var now = Look();
            var rest = now.Share < 1 ? workUnpaid * ((1 - now.Share) / now.Share) : TimeSpan.Zero;
            isResting = rest >= (isResting ? TimeSpan.FromTicks(1) : RestMin);
            if (isResting)
            {
                return rest;
            }

            if (bytesUnpaid > 0)
            {
                // Not as a time span: at a byte a second a record takes longer than one can say.
                return TimeSpan.FromSeconds(Math.Clamp(bytesUnpaid / now.BytesPerSecond, 0.001, LookMax.TotalSeconds));
            }

            bytesUnpaid += bytes;
            underWay++;
            return TimeSpan.Zero;
        }
    }

    internal void End()
    {
        lock (gate)
        {
            Look();
            underWay--;
        }
    }

    private RepairPace Look()
    {
        var now = time.GetTimestamp();
        var passed = time.GetElapsedTime(lookedAt, now);
        lookedAt = now;
        var pace = limits();
        bytesUnpaid = Math.Max(
            bytesUnpaid - (passed.TotalSeconds * pace.BytesPerSecond),
            -SavedMax.TotalSeconds * pace.BytesPerSecond
        );
        if (underWay > 0)
        {
            workUnpaid += passed;
        }
        else
        {
            var paid = pace.Share < 1 ? passed * (pace.Share / (1 - pace.Share)) : workUnpaid;
            workUnpaid = paid < workUnpaid ? workUnpaid - paid : TimeSpan.Zero;
        }

        return pace;
    }
}

/// <summary>A piece of moving or repairing that is under way. Dispose it once.</summary>
internal readonly struct RepairWork(RepairBudget budget) : IDisposable
{
    public void Dispose() => budget.End();
}
