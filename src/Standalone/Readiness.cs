using Microsoft.Extensions.Logging;

namespace FileSharing.Standalone;

/// <summary>Asks the parts what a load balancer would ask, so that "ready" means the same to both.</summary>
internal static class Readiness
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(5);

    /// <summary>Unready for so long, a part gets a line in the log that says why.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>Returns when all of them answer 200, or when a part has ended.</summary>
    public static async Task WaitAsync(IReadOnlyList<Uri> parts, Task ended, ILogger log, CancellationToken stop)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false })
        {
            Timeout = RequestTimeout,
        };
        foreach (var part in parts)
        {
            var began = TimeProvider.System.GetTimestamp();
            var isSaid = false;
            while (!ended.IsCompleted && await FindObstacleAsync(http, part, stop) is { } obstacle)
            {
                if (!isSaid && TimeProvider.System.GetElapsedTime(began) > Patience)
                {
                    log.NotReady(part, obstacle);
                    isSaid = true;
                }

                await Task.Delay(Poll, stop);
            }
        }
    }

    /// <returns>Null when it is ready.</returns>
    private static async Task<string?> FindObstacleAsync(HttpClient http, Uri part, CancellationToken stop)
    {
        try
        {
            using var answer = await http.GetAsync(new Uri(part, "/health/ready"), stop);
            return answer.IsSuccessStatusCode ? null : $"it answers {(int)answer.StatusCode}";
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException && !stop.IsCancellationRequested)
        {
            return e.InnerException?.Message ?? e.Message;
        }
    }
}
