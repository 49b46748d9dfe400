using Microsoft.Extensions.Logging;

namespace FileSharing.StorageNode.Volumes;

/// <summary>
/// Keeps the node's directories open, each by itself: one that cannot be opened is tried again and again while the others serve, and one whose index goes bad
/// is closed and opened anew. It must never keep a good volume waiting for a bad one.
/// </summary>
internal sealed class VolumeSupervisor(
    IReadOnlyList<string> directories,
    VolumeOpener opener,
    VolumeSet volumes,
    IReadOnlyList<IVolumeDaemon> daemons,
    TimeProvider time,
    ILogger<VolumeSupervisor> log
) : IAsyncDisposable
{
    /// <summary>Before a directory is tried again: a disk is mounted, another process lets go.</summary>
    public static readonly TimeSpan RetryPause = TimeSpan.FromSeconds(5);

    /// <summary>How often an open volume is asked whether it must be opened anew.</summary>
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);

    /// <summary>How long the start waits for volumes that take long (an index is built again) once another one is open.</summary>
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(10);

    /// <summary>Before a daemon that broke begins again.</summary>
    private static readonly TimeSpan DaemonPause = TimeSpan.FromMinutes(1);

    private readonly CancellationTokenSource stopping = new();
    private readonly TaskCompletionSource anyOpen = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task[] running = [];

    public IReadOnlyList<VolumeSlot> Slots { get; } =
    [.. directories.Select((directory, i) => new VolumeSlot(i + 1, directory))];

    /// <summary>Opens all at once. Returns when each has been tried.</summary>
    /// <param name="isPatient">False: returns as soon as one is open and the others have had some time; they follow when they are ready.</param>
    /// <exception cref="IOException">Not one can be opened; the message has all reasons.</exception>
    public async Task StartAsync(bool isPatient, CancellationToken cancellationToken)
    {
        var tried = Slots
            .Select(_ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously))
            .ToList();
        running =
        [
            .. Slots.Zip(tried, (slot, first) => Task.Run(() => KeepOpenAsync(slot, first), CancellationToken.None)),
        ];
        var all = Task.WhenAll(tried.Select(first => first.Task));
        await (isPatient ? all : Task.WhenAny(all, SomeTimeAfterTheFirstAsync(cancellationToken))).WaitAsync(
            cancellationToken
        );
        if (volumes.Open.Count == 0)
        {
            throw new IOException(
                "Not one volume can be opened. " + string.Join(' ', Slots.Select(slot => slot.Standing.Reason))
            );
        }
    }

    /// <summary>The cluster does not take this opening: it is closed and stays closed.</summary>
    public void Refuse(OpenVolume volume, string reason)
    {
        Slots[volume.Number - 1].Refusal = reason;
        volumes.Remove(volume);
    }

    private async Task SomeTimeAfterTheFirstAsync(CancellationToken cancellationToken)
    {
        await anyOpen.Task.WaitAsync(cancellationToken);
        await Task.Delay(StartPatience, time, cancellationToken);
    }

    private async Task KeepOpenAsync(VolumeSlot slot, TaskCompletionSource tried)
    {
        var wasOpen = false;
        while (!stopping.IsCancellationRequested && slot.Refusal is null)
        {
            if (await TryOpenAsync(slot, wasOpen) is { } volume)
            {
                wasOpen = true;
                anyOpen.TrySetResult();
                tried.TrySetResult();
                await WhileOpenAsync(slot, volume);
            }
            else
            {
                tried.TrySetResult();
                await Task.Delay(RetryPause, time, stopping.Token)
                    .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        slot.Standing = slot.Refusal is { } reason
            ? new VolumeStanding(VolumeState.Refused, reason)
            : new VolumeStanding(VolumeState.Closed);
    }

    /// <returns>Null when it cannot be opened now. The log says why once, not at every attempt.</returns>
    private async Task<OpenVolume?> TryOpenAsync(VolumeSlot slot, bool wasOpen)
    {
        OpenVolume? opened = null;
        try
        {
            opened = await opener.OpenAsync(slot.Number, wasOpen, stopping.Token);
            await volumes.AddAsync(opened, stopping.Token);
            slot.Standing = new VolumeStanding(VolumeState.Open, Volume: opened);
            return opened;
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            await CloseAsync(slot, opened);
            return null;
        }
#pragma warning disable CA1031 // Whatever keeps one volume from opening must not end the work of the others.
        catch (Exception error)
#pragma warning restore CA1031
        {
            await CloseAsync(slot, opened);
            if (slot.Standing.Reason != error.Message)
            {
                log.VolumeNotOpened(slot.Directory, error.Message);
            }

            slot.Standing = new VolumeStanding(VolumeState.Failed, error.Message);
            return null;
        }
    }

    /// <summary>Runs the volume's daemons; returns when it has been closed.</summary>
    private async Task WhileOpenAsync(VolumeSlot slot, OpenVolume volume)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stopping.Token);
        var working = daemons.Select(daemon => RunAsync(daemon, volume, ending.Token)).ToList();
        while (!ending.IsCancellationRequested && slot.Refusal is null && !volume.Store.NeedsReopening)
        {
            await Task.Delay(LookInterval, time, ending.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        if (slot.Refusal is { } reason)
        {
            log.VolumeRefused(volume.VolumeId, slot.Directory, reason);
        }
        else if (!stopping.IsCancellationRequested)
        {
            log.VolumeReopens(volume.VolumeId, slot.Directory);
        }

        slot.Standing = new VolumeStanding(VolumeState.Opening);
        volumes.Remove(volume);
        await ending.CancelAsync();
        await Task.WhenAll(working);
        await CloseAsync(slot, volume);
    }

    /// <summary>Until cancelled. A daemon that breaks begins again: it must neither close the volume nor keep it from closing.</summary>
    private async Task RunAsync(IVolumeDaemon daemon, OpenVolume volume, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await Task.Run(() => daemon.RunAsync(volume, cancellationToken), CancellationToken.None);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
#pragma warning disable CA1031 // See above.
            catch (Exception error)
#pragma warning restore CA1031
            {
                log.VolumeDaemonBroke(error, daemon.GetType().Name, volume.VolumeId);
            }

            await Task.Delay(DaemonPause, time, cancellationToken)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>What goes wrong at closing is found by the recovery of the next opening.</summary>
    private async Task CloseAsync(VolumeSlot slot, OpenVolume? volume)
    {
        try
        {
            if (volume is not null)
            {
                await volume.DisposeAsync();
            }
        }
#pragma warning disable CA1031 // The directory is released whatever happened; the other volumes must be closed too.
        catch (Exception error)
#pragma warning restore CA1031
        {
            log.VolumeNotClosed(error, slot.Directory);
        }
    }

    /// <summary>Ends the daemons and closes the volumes, all at once: segments are trimmed and indexes flushed when it returns.</summary>
    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await Task.WhenAll(running);
        stopping.Dispose();
    }
}
