using FileSharing.Native.RocksDb;

namespace FileSharing.BlobEngine;

/// <summary>Builds the index of a volume anew while no node has it open.</summary>
public static class IndexRebuilder
{
    /// <summary>Eight times what a node takes: the files that come of it are merged less often. Up to three of them are held, while no node runs on this volume.</summary>
    private const int WriteBufferBytes = 64 << 20;

    /// <summary>Returns when the new index is complete and durable, and the volume is closed again.</summary>
    /// <param name="path">The volume's directory.</param>
    /// <param name="rebuild">From what.</param>
    /// <param name="disk">Where it is.</param>
    /// <param name="time">Now.</param>
    /// <param name="progress">Told after every segment.</param>
    /// <param name="ct">Ends the work; the next opening begins it again.</param>
    /// <exception cref="BlobException"><see cref="BlobError.NotAVolume"/>; <see cref="BlobError.VolumeInUse"/>: stop the node first.</exception>
    public static async Task<RecoveryReport> RunAsync(
        string path,
        IndexRebuild rebuild,
        IDisk disk,
        TimeProvider time,
        IProgress<RecoveryProgress>? progress,
        CancellationToken ct
    )
    {
        ArgumentNullException.ThrowIfNull(disk);
        var identity =
            (disk.DirectoryExists(path) ? new VolumeFiles(disk, path).ReadIdentity() : null)
            ?? throw new BlobException(BlobError.NotAVolume, $"{path} holds no volume.json: it is no volume.");
        var options = new VolumeOptions
        {
            Path = path,
            ClusterId = identity.ClusterId,
            NodeName = identity.Node,
            Rebuild = rebuild,
            Recovery = progress,
            Index = new RocksDbOptions { WriteBufferBytes = WriteBufferBytes },
        };
        // No record is opened, so no root key is needed.
        using var keys = new DataKeys(rootKey: null, []);
        await using var store = await BlobStore.OpenAsync(options, keys, disk, time, ct);
        return store.Recovery;
    }
}
