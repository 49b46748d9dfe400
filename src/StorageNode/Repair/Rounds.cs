namespace FileSharing.StorageNode.Repair;

/// <summary>A step that a daemon takes again and again.</summary>
internal static class Rounds
{
    /// <summary>Until cancelled, with a pause before each. What the disk or other nodes refuse is told and waited out.</summary>
    /// <param name="failed">Told why a step did not come to its end.</param>
    public static async Task RunAsync(
        TimeSpan pause,
        Func<CancellationToken, Task> step,
        Action<string> failed,
        TimeProvider time,
        CancellationToken cancellationToken
    )
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            await Task.Delay(pause, time, cancellationToken)
                .ConfigureAwait(
                    ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext
                );
            try
            {
                await step(cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error) when (error is IOException or HttpRequestException or OperationCanceledException)
            {
                failed(error.Message);
            }
        }
    }
}
