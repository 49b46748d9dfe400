using System.Reflection;
using Dapper;

namespace FileSharing.Metadata;

/// <summary>
/// Brings the schema up to this release: the embedded Sql/NNNN-name.sql files, in order, each in a transaction of its own. Processes that
/// start together take turns under one advisory lock. A file that has been released is never edited; a later one changes what it made.
/// </summary>
public static class Migrator
{
    /// <summary>"FileShar" in ASCII: the advisory lock of migrations.</summary>
    private const long AdvisoryLock = 0x46696C6553686172;

    /// <returns>The names of the files that were applied now.</returns>
    /// <exception cref="InvalidOperationException">The database was migrated by a later release, which this one cannot read.</exception>
    public static async Task<IReadOnlyList<string>> MigrateAsync(MetadataDb db, TimeProvider time, CancellationToken ct)
    {
        await using var connection = await db.OpenAsync(ct);
        await connection.ExecuteAsync("SELECT pg_advisory_lock(@AdvisoryLock)", new { AdvisoryLock });
        try
        {
            await connection.ExecuteAsync(
                "CREATE TABLE IF NOT EXISTS migrations (name text PRIMARY KEY, applied_at timestamptz NOT NULL)"
            );
            var applied = (await connection.QueryAsync<string>("SELECT name FROM migrations")).ToHashSet(
                StringComparer.Ordinal
            );
            var files = Files();
            if (applied.Except(files, StringComparer.Ordinal).FirstOrDefault() is { } unknown)
            {
                throw new InvalidOperationException(
                    $"The database has the migration '{unknown}', which this release does not know. Start a release at least as new as the one that applied it."
                );
            }

            var missing = files.Where(f => !applied.Contains(f)).ToList();
            foreach (var file in missing)
            {
                await using var transaction = await connection.BeginTransactionAsync(ct);
                await connection.ExecuteAsync(Text(file), transaction: transaction);
                await connection.ExecuteAsync(
                    "INSERT INTO migrations (name, applied_at) VALUES (@file, @now)",
                    new { file, now = time.GetUtcNow().UtcDateTime },
                    transaction
                );
                await transaction.CommitAsync(ct);
            }

            return missing;
        }
        finally
        {
            await connection.ExecuteAsync("SELECT pg_advisory_unlock(@AdvisoryLock)", new { AdvisoryLock });
        }
    }

    private static List<string> Files() =>
        [
            .. Assembly
                .GetExecutingAssembly()
                .GetManifestResourceNames()
                .Where(n => n.EndsWith(".sql", StringComparison.Ordinal))
                .Order(StringComparer.Ordinal),
        ];

    private static string Text(string file)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(file)!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
