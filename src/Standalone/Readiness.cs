namespace FileSharing.Standalone;

/// <summary>Asks the parts what a load balancer would ask, so that "ready" means the same to both.</summary>
internal static class Readiness
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(5);

    /// <summary>Returns when all of them answer 200, or when a part has ended.</summary>
    public static async Task WaitAsync(IReadOnlyList<Uri> parts, Task ended, CancellationToken stop)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false })
        {
            Timeout = RequestTimeout,
        };
        foreach (var part in parts)
        {
            while (!ended.IsCompleted && !await IsReadyAsync(http, part, stop))
            {
                await Task.Delay(Poll, stop);
            }
        }
    }

    private static async Task<bool> IsReadyAsync(HttpClient http, Uri part, CancellationToken stop)
    {
        try
        {
            using var answer = await http.GetAsync(new Uri(part, "/health/ready"), stop);
            return answer.IsSuccessStatusCode;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException && !stop.IsCancellationRequested)
        {
            return false;
        }
    }
}
