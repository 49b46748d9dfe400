using FileSharing.BlobEngine;

namespace FileSharing.StorageNode.Volumes;

/// <summary>
/// One opening of a volume, and who works on it. It is closed when the last has left: no request meets a store that is being taken apart.
/// </summary>
/// <param name="number">Which of the node's directories, from 1.</param>
/// <param name="capacityBytes">Size of the file system.</param>
internal sealed class OpenVolume(BlobStore store, int number, long capacityBytes) : IAsyncDisposable
{
    private readonly Lock gate = new();
    private readonly TaskCompletionSource left = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int users;
    private bool isClosing;

    public int Number { get; } = number;

    public long CapacityBytes { get; } = capacityBytes;

    /// <summary>Only for who has entered, or runs as one of the volume's daemons, which end before it is closed.</summary>
    public BlobStore Store { get; } = store;

    public Guid VolumeId => Store.VolumeId;

    /// <summary>What its daemons have done since it was opened.</summary>
    public VolumeActivity Activity { get; } = new(TimeProvider.System);

    /// <returns>Null when it is being closed; else dispose it soon, the closing waits for that.</returns>
    public VolumeUse? TryEnter()
    {
        lock (gate)
        {
            if (isClosing)
            {
                return null;
            }

            users++;
        }

        return new VolumeUse(this);
    }

    internal void Leave()
    {
        lock (gate)
        {
            if (--users == 0 && isClosing)
            {
                left.TrySetResult();
            }
        }
    }

    /// <summary>Lets nobody in any more, waits for those inside, and closes the store.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (gate)
        {
            isClosing = true;
            if (users == 0)
            {
                left.TrySetResult();
            }
        }

        await left.Task;
        await Store.DisposeAsync();
    }
}

/// <summary>The right to work on a volume, until disposed.</summary>
internal sealed class VolumeUse(OpenVolume volume) : IDisposable
{
    private int isLeft;

    public BlobStore Store => volume.Store;

    public Guid VolumeId => volume.VolumeId;

    public void Dispose()
    {
        if (Interlocked.Exchange(ref isLeft, 1) == 0)
        {
            volume.Leave();
        }
    }
}
