using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace FileSharing.Api.Background;

/// <summary>Runs a piece of work now and then, until the process stops. A failure is logged, and the work runs again at its time.</summary>
internal abstract class Periodic(string name, TimeSpan interval, TimeProvider time, ILogger log) : BackgroundService
{
    protected abstract Task RunOnceAsync(CancellationToken ct);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(interval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                try
                {
                    await RunOnceAsync(stoppingToken);
                }
                catch (Exception e) when (!stoppingToken.IsCancellationRequested)
                {
                    log.BackgroundFailed(e, name);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The process stops.
        }
    }
}
