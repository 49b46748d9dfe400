using FileSharing.Standalone;
using FileSharing.UnitTests.Postgres;
using Npgsql;

[assembly: AssemblyFixture(typeof(PostgresFixture))]

namespace FileSharing.UnitTests.Postgres;

/// <summary>One real Postgres for the whole test run, started when the run begins; each test that asks gets a database of its own.</summary>
public sealed class PostgresFixture : IAsyncLifetime
{
    private readonly string folder = Directory.CreateTempSubdirectory("fileshare-test-postgres-").FullName;
    private PrivatePostgres? server;
    private int databases;

    /// <returns>Connection string of a new, empty database; it goes when the run ends.</returns>
    public async Task<string> CreateDatabaseAsync()
    {
        var running = server ?? throw new InvalidOperationException("The server did not start.");
        var name = $"test_{Interlocked.Increment(ref databases)}";
        await using var connection = new NpgsqlConnection(running.ConnectionString + ";Pooling=false");
        await connection.OpenAsync();
        await using var create = new NpgsqlCommand($"CREATE DATABASE {name}", connection);
        await create.ExecuteNonQueryAsync();
        // Few idle connections: many tests share the server's 100.
        return new NpgsqlConnectionStringBuilder(running.ConnectionString)
        {
            Database = name,
            MaxPoolSize = 10,
            ConnectionIdleLifetime = 5,
            ConnectionPruningInterval = 1,
        }.ConnectionString;
    }

    public async ValueTask InitializeAsync()
    {
        // Temporary directories are 0700; the server's unprivileged user has to pass through.
        File.SetUnixFileMode(
            folder,
            File.GetUnixFileMode(folder) | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute
        );
        server = await PrivatePostgres.StartAsync(
            new PrivatePostgresSettings(Path.Combine(folder, "data"), Path.Combine(folder, "run")),
            TimeProvider.System,
            CancellationToken.None
        );
    }

    public async ValueTask DisposeAsync()
    {
        if (server is not null)
        {
            await server.DisposeAsync();
        }

        Directory.Delete(folder, recursive: true);
    }
}
