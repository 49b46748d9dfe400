using Npgsql;

namespace FileSharing.Metadata;

/// <summary>A standby, or a primary from before a failover. Counts as an outage: another host may be right.</summary>
public sealed class NotPrimaryException(string message) : NpgsqlException(message);

/// <summary>
/// Keeps this process on one line of history when Postgres fails over. Every promotion of a standby begins a new timeline with a higher number, and a primary that was
/// not told (it was away, or frozen) stays on its old one. So a new connection is asked for its timeline; a lower one than was seen before is refused, and the first
/// higher one closes what is still open to the old primary. PostgreSQL documentation, 26.3.5 Timelines. Thread-safe.
/// </summary>
internal sealed class PrimaryFence
{
    /// <summary>In the name of the log's present file the first eight hex digits are the timeline. A standby writes no log.</summary>
    private const string TimelineOfPrimary = """
        SELECT CASE WHEN pg_is_in_recovery() THEN NULL ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int END
        """;

    private long newest;

    /// <summary>Called once, at the first connection to a newer primary than any before.</summary>
    public Action? Moved { get; set; }

    /// <exception cref="NotPrimaryException"/>
    public void Check(NpgsqlConnection connection)
    {
        using var command = new NpgsqlCommand(TimelineOfPrimary, connection);
        Accept(command.ExecuteScalar(), connection);
    }

    /// <inheritdoc cref="Check"/>
    public async Task CheckAsync(NpgsqlConnection connection)
    {
        await using var command = new NpgsqlCommand(TimelineOfPrimary, connection);
        Accept(await command.ExecuteScalarAsync(), connection);
    }

    private void Accept(object? timeline, NpgsqlConnection connection)
    {
        if (timeline is not int number)
        {
            // Not kept for later either: once promoted, it would serve without having been asked for its new timeline.
            throw new NotPrimaryException($"The Postgres at {connection.Host} is a standby.");
        }

        var seen = Interlocked.Read(ref newest);
        while (number > seen)
        {
            var before = Interlocked.CompareExchange(ref newest, number, seen);
            if (before == seen)
            {
                if (seen > 0)
                {
                    Moved?.Invoke();
                }

                return;
            }

            seen = before;
        }

        if (number < seen)
        {
            throw new NotPrimaryException(
                $"The Postgres at {connection.Host} is a primary from before a failover (timeline {number}, and {seen} was seen). Stop it; it may come back as a standby of the present primary."
            );
        }
    }
}
