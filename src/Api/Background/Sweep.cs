using FileSharing.Metadata;
using Microsoft.Extensions.Logging;

namespace FileSharing.Api.Background;

/// <summary>Ends what is past its time: upload sessions, login tokens, stored answers.</summary>
internal sealed class Sweep(
    UploadSessions sessions,
    LoginTokens tokens,
    IdempotencyKeys answers,
    TimeProvider time,
    ILogger<Sweep> log
) : Periodic("sweep", TimeSpan.FromMinutes(1), time, log)
{
    /// <summary>How long a session that ended without a file is remembered: its chunks need not be sent again meanwhile.</summary>
    private static readonly TimeSpan KeepEnded = TimeSpan.FromDays(7);

    protected override async Task RunOnceAsync(CancellationToken ct)
    {
        var (expired, forgotten) = await sessions.SweepAsync(KeepEnded, ct);
        if (expired + forgotten > 0)
        {
            log.UploadsSwept(expired, forgotten);
        }

        await tokens.SweepAsync(ct);
        await answers.SweepAsync(ct);
    }
}
