using Dapper;
using Npgsql;

namespace FileSharing.Metadata;

/// <summary>
/// The connection pool to Postgres, and the few ways in which statements are run. Thread-safe. One a process.
/// </summary>
public sealed class MetadataDb : IAsyncDisposable
{
    /// <summary>Statements that each connection keeps prepared; above the number of statements in this project.</summary>
    private const int PreparedStatementsMax = 128;

    /// <summary>
    /// Every statement that serves a user is found by an index, so one plan a statement is enough: planning the larger ones anew costs 7 ms, running
    /// them 1 ms. What nobody waits for any more, the server gives up within a second. A connection string with <c>Options</c> of its own replaces these.
    /// </summary>
    private const string SessionOptions =
        "-c plan_cache_mode=force_generic_plan -c jit=off -c client_connection_check_interval=1000";

    /// <summary>A deadlock or serialisation failure is tried again this often in all.</summary>
    private const int AttemptsMax = 5;

    private readonly NpgsqlDataSource source;

    static MetadataDb() => DefaultTypeMap.MatchNamesWithUnderscores = true;

    /// <param name="connectionString">Npgsql's form; with several hosts the primary is chosen.</param>
    /// <exception cref="ArgumentException">Not a connection string.</exception>
    public MetadataDb(string connectionString)
    {
        var settings = new NpgsqlConnectionStringBuilder(connectionString);
        if (settings.MaxAutoPrepare == 0)
        {
            settings.MaxAutoPrepare = PreparedStatementsMax;
        }

        // A statement that takes too long breaks its connection; it is not cancelled in the server. A commit that waits for the synchronous standby and is cancelled
        // answers that it succeeded, with a warning only, though a failover would lose it.
        settings.CancellationTimeout = -1;
        settings.ApplicationName ??= "fileshare";
        settings.Options ??= SessionOptions;
        settings.NoResetOnClose = true;
        var several = settings.Host?.Contains(',', StringComparison.Ordinal) == true;
        var builder = new NpgsqlDataSourceBuilder(settings.ConnectionString);
        var fence = new PrimaryFence();
        builder.UsePhysicalConnectionInitializer(fence.Check, fence.CheckAsync);
        source = several
            ? builder.BuildMultiHost().WithTargetSession(TargetSessionAttributes.Primary)
            : builder.Build();
        fence.Moved = source.Clear;
    }

    /// <summary>True for an error that says nothing about the call: the database was away or busy, and the same call may succeed later.</summary>
    public static bool IsOutage(Exception error) =>
        error is TimeoutException or NpgsqlException and not PostgresException { IsTransient: false };

    /// <summary>True when Postgres answers a query within the token's life.</summary>
    public async Task<bool> AnswersAsync(CancellationToken ct)
    {
        try
        {
            await RunAsync("SELECT 1", null, ct);
            return true;
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException or OperationCanceledException)
        {
            return false;
        }
    }

    public ValueTask DisposeAsync() => source.DisposeAsync();

    internal ValueTask<NpgsqlConnection> OpenAsync(CancellationToken ct) => source.OpenConnectionAsync(ct);

    internal async Task<List<T>> ListAsync<T>(string sql, object? args, CancellationToken ct)
    {
        await using var connection = await OpenAsync(ct);
        return (await connection.QueryAsync<T>(new CommandDefinition(sql, args, cancellationToken: ct))).AsList();
    }

    internal async Task<T?> OneAsync<T>(string sql, object? args, CancellationToken ct)
    {
        await using var connection = await OpenAsync(ct);
        return await connection.QueryFirstOrDefaultAsync<T>(new CommandDefinition(sql, args, cancellationToken: ct));
    }

    internal async Task<int> RunAsync(string sql, object? args, CancellationToken ct)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await using var connection = await OpenAsync(ct);
                return await connection.ExecuteAsync(new CommandDefinition(sql, args, cancellationToken: ct));
            }
            catch (PostgresException e) when (IsWorthAnotherTry(e) && attempt < AttemptsMax)
            {
                // The statement left nothing behind.
            }
        }
    }

    /// <summary>Runs <paramref name="work"/> in one transaction; a throw rolls back, a deadlock runs it again from the start.</summary>
    internal async Task<T> InTransactionAsync<T>(Func<Transaction, Task<T>> work, CancellationToken ct)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await using var connection = await OpenAsync(ct);
                await using var transaction = await connection.BeginTransactionAsync(ct);
                var result = await work(new Transaction(connection, transaction, ct));
                await transaction.CommitAsync(ct);
                return result;
            }
            catch (PostgresException e) when (IsWorthAnotherTry(e) && attempt < AttemptsMax)
            {
                // Rolled back as a whole.
            }
        }
    }

    private static bool IsWorthAnotherTry(PostgresException e) =>
        e.SqlState is PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure;
}

/// <summary>The statements of one transaction, in order.</summary>
internal sealed class Transaction(NpgsqlConnection connection, NpgsqlTransaction transaction, CancellationToken ct)
{
    public Task<T?> OneAsync<T>(string sql, object? args) =>
        connection.QueryFirstOrDefaultAsync<T>(new CommandDefinition(sql, args, transaction, cancellationToken: ct));

    public Task<int> RunAsync(string sql, object? args) =>
        connection.ExecuteAsync(new CommandDefinition(sql, args, transaction, cancellationToken: ct));
}
