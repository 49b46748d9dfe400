using System.Data.Common;
using FileSharing.Api;
using FileSharing.Cluster.Hosting;
using Microsoft.Extensions.Logging;

// Exit codes: 0 stopped by a signal, 1 a failure, 2 a setting that makes no sense.
using var signals = new StopSignals();
try
{
    var settings = ApiSettings.From(Settings.Load(args));
    await using var server = await ApiServer.StartAsync(
        settings,
        logging => logging.AddSimpleConsole(console => console.SingleLine = true),
        signals.Token
    );
    Console.WriteLine($"FileShare API is ready at {server.Address}");
    if (server.NewAdminPassword is not null)
    {
        // Not the password itself: the output of a service ends up in a log.
        Console.WriteLine($"Administrator: admin@localhost, password in {settings.AdminPasswordFile}");
    }

    await server.Completion.WaitAsync(signals.Token);
    return 0;
}
catch (OperationCanceledException) when (signals.Token.IsCancellationRequested)
{
    return 0;
}
catch (SettingException e)
{
    await Console.Error.WriteLineAsync($"api: {e.Message}");
    return 2;
}
catch (Exception e) when (e is DbException or IOException)
{
    await Console.Error.WriteLineAsync($"api: {e.Message}");
    return 1;
}
