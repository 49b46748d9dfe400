using FileSharing.Cluster.Hosting;

namespace FileSharing.Standalone;

/// <summary>
/// <c>standalone postgres --data DIR</c>: the private Postgres alone, in the foreground, until SIGTERM, SIGINT, or until somebody stops the server.
/// Its connection string lies in <c>DIR/run/postgres-connection</c> while it runs; it holds no secret.
/// </summary>
internal static class PostgresVerb
{
    public static async Task<int> RunAsync(StandaloneSettings settings)
    {
        using var signals = new StopSignals();
        var layout = settings.Layout;
        layout.Create();
        await using var server = await PrivatePostgres.StartAsync(
            new PrivatePostgresSettings(layout.Postgres, layout.Run, Console.Error.WriteLine),
            TimeProvider.System,
            signals.Token
        );
        var connectionFile = Path.Combine(layout.Run, "postgres-connection");
        await File.WriteAllTextAsync(connectionFile, server.ConnectionString + "\n", signals.Token);
        Console.WriteLine($"Postgres is ready: {server.ConnectionString}");
        try
        {
            return await server.Exited.WaitAsync(signals.Token);
        }
        catch (OperationCanceledException)
        {
            return 0;
        }
        finally
        {
            File.Delete(connectionFile);
        }
    }
}
