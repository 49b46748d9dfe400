using FileSharing.Cluster.Hosting;
using FileSharing.Cluster.Transport;
using FileSharing.StorageNode;
using FileSharing.StorageNode.Offline;
using Microsoft.Extensions.Logging;

// Exit codes: 0 stopped by a signal, 1 a failure, 2 a setting that makes no sense; of offline verbs also 3, something is damaged.
using var signals = new StopSignals();
if (OfflineVerbs.IsOne(args))
{
    return await OfflineVerbs.RunAsync(args, signals.Token);
}

try
{
    var settings = NodeSettings.From(Settings.Load(args));
    await using var node = await NodeServer.StartAsync(
        settings,
        peers: null,
        logging => logging.AddSimpleConsole(console => console.SingleLine = true),
        signals.Token
    );
    await node.Completion.WaitAsync(signals.Token);
    return 0;
}
catch (OperationCanceledException) when (signals.Token.IsCancellationRequested)
{
    return 0;
}
catch (SettingException error)
{
    await Console.Error.WriteLineAsync($"storage-node: {error.Message}");
    return 2;
}
catch (Exception error) when (error is IOException or NodeCallException or UnauthorizedAccessException)
{
    await Console.Error.WriteLineAsync($"storage-node: {error.Message}");
    return 1;
}
