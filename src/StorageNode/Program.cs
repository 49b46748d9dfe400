using System.Runtime.InteropServices;
using FileSharing.BlobEngine;
using FileSharing.Cluster.Hosting;
using FileSharing.StorageNode;
using Microsoft.Extensions.Logging;

// Exit codes: 0 stopped by a signal, 1 a failure, 2 a setting that makes no sense.
using var stop = new CancellationTokenSource();
using var onTerminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
using var onInterrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);

try
{
    var settings = NodeSettings.From(Settings.Load(args));
    await using var node = await NodeServer.StartAsync(
        settings,
        peers: null,
        logging: builder => builder.AddSimpleConsole(),
        stop.Token
    );
    await node.Completion.WaitAsync(stop.Token);
    return 0;
}
catch (OperationCanceledException) when (stop.IsCancellationRequested)
{
    return 0;
}
catch (SettingException error)
{
    await Console.Error.WriteLineAsync($"storage-node: {error.Message}");
    return 2;
}
catch (Exception error) when (error is IOException or HttpRequestException or UnauthorizedAccessException)
{
    await Console.Error.WriteLineAsync($"storage-node: {error.Message}");
    return 1;
}

void Stop(PosixSignalContext context)
{
    context.Cancel = true;
    stop.Cancel();
}
