using FileSharing.Standalone.Postgres;

namespace FileSharing.UnitTests.Postgres;

/// <summary>A primary and its synchronous standby, and what an operator or Patroni does with them.</summary>
internal sealed class PostgresPair : IAsyncDisposable
{
    private readonly string folder;

    private PostgresPair(string folder, PostgresServer first, PostgresServer second)
    {
        this.folder = folder;
        (Primary, Standby) = (first, second);
        ConnectionString =
            $"Host={first.Host},{second.Host};Username=fileshare;Database=postgres;Maximum Pool Size=20;Timeout=3;Command Timeout=3;Host Recheck Seconds=1";
    }

    public PostgresServer Primary { get; private set; }
    public PostgresServer Standby { get; private set; }

    /// <summary>Names both, whichever is the primary.</summary>
    public string ConnectionString { get; }

    public static async Task<PostgresPair> StartAsync()
    {
        var temporary = Directory.CreateTempSubdirectory("fileshare-test-pair-").FullName;
        var user = ServerUser.ForThisProcess();
        File.SetUnixFileMode(
            temporary,
            File.GetUnixFileMode(temporary) | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute
        );
        var own = Path.Combine(temporary, "pg");
        await user.OwnDirectoryAsync(own, CancellationToken.None);
        var binaries = await PostgresBinaries.FindAsync(null, CancellationToken.None);
        var pair = new PostgresPair(
            temporary,
            new PostgresServer(binaries, user, own, 5501),
            new PostgresServer(binaries, user, own, 5502)
        );
        try
        {
            await pair.Primary.InitialiseAsync();
            await pair.Standby.BecomeStandbyOfAsync(pair.Primary);
            return pair;
        }
        catch
        {
            await pair.DisposeAsync();
            throw;
        }
    }

    /// <summary>The standby becomes the primary. Nobody tells the old one, which is down or frozen.</summary>
    public async Task PromoteAsync()
    {
        await Standby.PromoteAsync();
        (Primary, Standby) = (Standby, Primary);
    }

    public async ValueTask DisposeAsync()
    {
        await Primary.KillAsync();
        await Standby.KillAsync();
        Directory.Delete(folder, recursive: true);
    }
}
