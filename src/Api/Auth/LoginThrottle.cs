using System.Collections.Concurrent;

namespace FileSharing.Api.Auth;

/// <summary>
/// Slows down guessing: after ten failures for one account from one address, that pair waits until a minute has passed. Known and unknown accounts are
/// treated alike. Thread-safe.
/// </summary>
public sealed class LoginThrottle(TimeProvider time)
{
    public const int FailuresMax = 10;

    /// <summary>From the first failure of a row.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    /// <summary>Pairs remembered; beyond, those whose window is over are forgotten, and then all.</summary>
    private const int PairsMax = 100_000;

    private readonly ConcurrentDictionary<(string Email, string Address), Row> rows = new();

    private sealed record Row(int Failures, long Since);

    /// <returns>How long to wait; null when the login may be tried.</returns>
    public TimeSpan? Wait(string email, string address)
    {
        if (!rows.TryGetValue(Key(email, address), out var row) || row.Failures < FailuresMax)
        {
            return null;
        }

        var left = Window - time.GetElapsedTime(row.Since);
        return left > TimeSpan.Zero ? left : null;
    }

    public void Failed(string email, string address)
    {
        if (rows.Count >= PairsMax)
        {
            Forget();
        }

        rows.AddOrUpdate(
            Key(email, address),
            _ => new Row(1, time.GetTimestamp()),
            (_, row) => IsOver(row) ? new Row(1, time.GetTimestamp()) : row with { Failures = row.Failures + 1 }
        );
    }

    public void Succeeded(string email, string address) => rows.TryRemove(Key(email, address), out _);

    private void Forget()
    {
        foreach (var (key, row) in rows)
        {
            if (IsOver(row))
            {
                rows.TryRemove(key, out _);
            }
        }

        if (rows.Count >= PairsMax)
        {
            rows.Clear();
        }
    }

    private bool IsOver(Row row) => time.GetElapsedTime(row.Since) >= Window;

    private static (string Email, string Address) Key(string email, string address) =>
        (email.Trim().ToLowerInvariant(), address);
}
