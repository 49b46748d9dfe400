namespace FileSharing.StorageNode.Volumes;

/// <summary>Background work on one volume. It runs while the volume is open, and has ended before it is closed.</summary>
internal interface IVolumeDaemon
{
    /// <summary>Until cancelled. What the volume or other nodes refuse is waited out, not thrown.</summary>
    Task RunAsync(OpenVolume volume, CancellationToken cancellationToken);
}
