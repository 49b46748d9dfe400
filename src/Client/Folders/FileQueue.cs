using System.Threading.Channels;

namespace FileSharing.Client.Folders;

/// <summary>One walker finds the files of a folder, workers take them in parallel.</summary>
internal sealed class FileQueue<T>
{
    /// <summary>Files found and not yet begun; bounds what a walk of millions of files holds.</summary>
    private const int FilesAhead = 1_000;

    private readonly Channel<T> found = Channel.CreateBounded<T>(FilesAhead);

    /// <summary>Waits while the workers are far behind.</summary>
    public ValueTask AddAsync(T file, CancellationToken cancellation) => found.Writer.WriteAsync(file, cancellation);

    /// <summary>Ends when the walker has and the workers have done all that it found, or with the first error of either.</summary>
    /// <param name="walk">Calls <see cref="AddAsync"/>.</param>
    public async Task RunAsync(
        int workers,
        Func<CancellationToken, Task> walk,
        Func<T, CancellationToken, Task> work,
        CancellationToken cancellation
    )
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var walking = Task.Run(() => WalkAsync(walk, stop.Token), CancellationToken.None);
        try
        {
            await Parallel.ForEachAsync(
                found.Reader.ReadAllAsync(stop.Token),
                new ParallelOptions { MaxDegreeOfParallelism = workers, CancellationToken = stop.Token },
                async (file, stopFile) => await work(file, stopFile)
            );
        }
        finally
        {
            await stop.CancelAsync();
            await walking;
        }
    }

    /// <summary>Ends the queue, with the error if there was one.</summary>
    private async Task WalkAsync(Func<CancellationToken, Task> walk, CancellationToken cancellation)
    {
        try
        {
            await walk(cancellation);
            found.Writer.Complete();
        }
        catch (Exception e)
        {
            found.Writer.Complete(e);
        }
    }
}
