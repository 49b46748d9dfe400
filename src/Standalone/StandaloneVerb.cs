using FileSharing.Cluster.Hosting;
using Microsoft.Extensions.Logging;

namespace FileSharing.Standalone;

/// <summary><c>standalone --data DIR --port N --nodes N</c>: everything, in the foreground, until SIGTERM, SIGINT, or until a part ends by itself.</summary>
internal static class StandaloneVerb
{
    public static async Task<int> RunAsync(string[] commandLine)
    {
        using var signals = new StopSignals();
        var settings = StandaloneSettings.From(commandLine);
        var configuration = Settings.Load(StandaloneSettings.Expand(commandLine));
        using var logs = LoggerFactory.Create(Configure);
        var log = logs.CreateLogger<StandaloneHost>();
        try
        {
            await using var host = await StandaloneHost.StartAsync(settings, configuration, Configure, signals.Token);
            if (!host.PartEnded.IsCompleted)
            {
                Announce(settings, host);
            }

            var ended = await host.PartEnded.WaitAsync(signals.Token);
            if (signals.Token.IsCancellationRequested)
            {
                return 0;
            }

            log.PartEnded(ended);
            return 1;
        }
        catch (OperationCanceledException) when (signals.Token.IsCancellationRequested)
        {
            return 0;
        }
    }

    private static void Announce(StandaloneSettings settings, StandaloneHost host)
    {
        Console.WriteLine($"FileShare is ready at {settings.ApiUrl.AbsoluteUri.TrimEnd('/')}");
        if (host.NewAdminPassword is null || !settings.ShowPassword)
        {
            return;
        }

        Console.WriteLine("Administrator: admin@localhost");
        Console.WriteLine($"Password: {host.NewAdminPassword}   (also in {settings.Layout.AdminPassword})");
        var key = settings.RootKeyCommand is null ? settings.Layout.RootKey : "the key that RootKeyCommand prints";
        Console.WriteLine($"Keep a copy of {key} somewhere else: without it every stored byte is lost.");
    }

    private static void Configure(ILoggingBuilder builder) =>
        builder
            .AddSimpleConsole(options =>
            {
                options.SingleLine = true;
                options.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";
                options.UseUtcTimestamp = true;
            })
            .AddFilter("Microsoft", LogLevel.Warning);
}
