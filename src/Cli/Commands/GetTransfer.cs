using FileSharing.Client;

namespace FileSharing.Cli.Commands;

/// <summary>Brings remote files and folders to where the command line says.</summary>
internal sealed class GetTransfer(Session session, ProgressSum progress)
{
    public const string StandardOutput = "-";

    /// <summary>Arguments at the same time.</summary>
    private const int ParallelSources = 16;

    private readonly TransferLog log = new(session.Output);

    public async Task<TransferLine> RunAsync(IReadOnlyList<RemotePath> sources, string target, CancellationToken stop)
    {
        var inside = sources.Count > 1 || Path.EndsInDirectorySeparator(target);
        if (inside)
        {
            Directory.CreateDirectory(target);
        }

        if (sources.Count == 1)
        {
            log.Add(await GetAsync(sources[0], target, inside, stop));
            return log.ToLine();
        }

        var parallel = new ParallelOptions { MaxDegreeOfParallelism = ParallelSources, CancellationToken = stop };
        await Parallel.ForEachAsync(
            sources,
            parallel,
            async (source, stopOne) =>
                await log.TryAsync(source.ToString(), () => GetAsync(source, target, inside, stopOne))
        );
        return log.ToLine();
    }

    private async Task<TransferredItem> GetAsync(RemotePath source, string target, bool inside, CancellationToken stop)
    {
        var item = await session.Tree.GetAsync(source, stop);
        var isTop = source is { IsRoot: true, RootId: null };
        if (!isTop)
        {
            LocalNames.ThrowIfUnsafe(item.Name);
        }

        // Like cp: a file goes into an existing folder; the top folder has no name to stand under.
        var goesInside = !isTop && (inside || (!item.IsFolder && Directory.Exists(target)));
        var path = goesInside ? Path.Combine(target, item.Name) : target;
        if (item.IsFolder)
        {
            var result = await session.Client.DownloadFolderAsync(item.FileId, path, progress.Part(), stop);
            log.AddFailures(result.Failures);
            return new TransferredItem(path, item.FileId, null, null, result.Files, result.Skipped, result.BytesMoved);
        }

        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        await session.Client.DownloadFileAsync(item.FileId, path, progress.Part(), stop);
        return new TransferredItem(path, item.FileId, item.VersionId, item.Size, null, null, item.Size);
    }
}
