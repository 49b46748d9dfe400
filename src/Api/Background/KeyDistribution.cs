using FileSharing.Api.Placement;
using Microsoft.Extensions.Logging;

namespace FileSharing.Api.Background;

/// <summary>Brings a rotation of the data keys to its end, whichever API process began it.</summary>
internal sealed class KeyDistribution(KeyRotation rotation, TimeProvider time, ILogger<KeyDistribution> log)
    : Periodic("key-distribution", TimeSpan.FromSeconds(1), time, log)
{
    protected override Task RunOnceAsync(CancellationToken ct) => rotation.AdvanceAsync(ct);
}
