using FileSharing.BlobEngine;
using FileSharing.Cluster.Hosting;
using FileSharing.Standalone;
using FileSharing.Standalone.Postgres;

// standalone            the API, storage nodes and a private Postgres in one process
// standalone postgres   only the private Postgres, for installations whose parts are separate processes
// Exit codes: 0 stopped by a signal, 1 a failure, 2 a setting that makes no sense.
try
{
    return args is ["postgres", .. var rest]
        ? await PostgresVerb.RunAsync(StandaloneSettings.From(rest))
        : await StandaloneVerb.RunAsync(args);
}
catch (SettingException error)
{
    await Console.Error.WriteLineAsync($"standalone: {error.Message}");
    return 2;
}
catch (Exception error) when (error is PostgresException or DataInUseException or IOException or BlobException)
{
    await Console.Error.WriteLineAsync($"standalone: {error.Message}");
    return 1;
}
