using Polly;
using Polly.Retry;

namespace FileSharing.Client;

/// <summary>
/// One rule for every request: what is retryable is tried again with growing, jittered waits, or after the wait that the server asked for.
/// Safe because every call is idempotent: by its verb, by its content id, or by an Idempotency-Key that all attempts share.
/// </summary>
internal static class Retry
{
    /// <summary>Attempts after the first one; with the waits below about 10 s, the time a failed node needs to leave new URLs.</summary>
    public const int RetriesMax = 5;

    /// <summary>A longer Retry-After is not waited for: the caller is told instead.</summary>
    public static readonly TimeSpan RetryAfterMax = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan DelayMax = TimeSpan.FromSeconds(8);

    public static ResiliencePipeline Create(TimeProvider time) =>
        new ResiliencePipelineBuilder { TimeProvider = time }
            .AddRetry(
                new RetryStrategyOptions
                {
                    ShouldHandle = args => ValueTask.FromResult(IsWorthAnotherTry(args.Outcome.Exception)),
                    DelayGenerator = args =>
                        ValueTask.FromResult((args.Outcome.Exception as FileShareException)?.RetryAfter),
                    BackoffType = DelayBackoffType.Exponential,
                    UseJitter = true,
                    Delay = FirstDelay,
                    MaxDelay = DelayMax,
                    MaxRetryAttempts = RetriesMax,
                }
            )
            .Build();

    private static bool IsWorthAnotherTry(Exception? exception) =>
        exception is FileShareException { IsRetryable: true } error
        && (error.RetryAfter is null || error.RetryAfter <= RetryAfterMax);
}
