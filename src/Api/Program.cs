using FileSharing.Api;
using FileSharing.Cluster.Hosting;
using Microsoft.Extensions.Logging;

const int settingsRefused = 2;
try
{
    var settings = ApiSettings.From(Settings.Load(args));
    await using var server = await ApiServer.StartAsync(
        settings,
        logging => logging.AddSimpleConsole(console => console.SingleLine = true),
        CancellationToken.None
    );
    Console.WriteLine($"FileShare API is ready at {server.Address}");
    if (server.NewAdminPassword is not null)
    {
        // Not the password itself: the output of a service ends up in a log.
        Console.WriteLine($"Administrator: admin@localhost, password in {settings.AdminPasswordFile}");
    }

    await server.Completion;
    return 0;
}
catch (SettingException e)
{
    await Console.Error.WriteLineAsync(e.Message);
    return settingsRefused;
}
