using FileSharing.Cluster.Hosting;
using FileSharing.Standalone;
using FileSharing.Standalone.Postgres;

// standalone            API, storage nodes and a private Postgres in one process
// standalone postgres   only the private Postgres, for installations whose parts are separate processes
try
{
    return args is ["postgres", .. var rest] ? await PostgresVerb.RunAsync(StandaloneSettings.From(rest)) : 2;
}
catch (Exception error) when (error is SettingException or PostgresException or DataInUseException)
{
    await Console.Error.WriteLineAsync($"standalone: {error.Message}");
    return 1;
}
