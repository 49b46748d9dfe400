using FileSharing.Client;
using FileSharing.Client.Folders;
using FileSharing.Client.Upload;

namespace FileSharing.Cli.Commands;

/// <summary>Brings local files and folders to where the command line says.</summary>
internal sealed class PutTransfer(Session session, ProgressSum progress)
{
    public const string StandardInput = "-";

    /// <summary>Arguments at the same time; a shell's <c>*</c> may stand for thousands of files.</summary>
    private const int ParallelSources = 16;

    private readonly TransferLog log = new(session.Output);

    public async Task<TransferLine> RunAsync(IReadOnlyList<string> sources, RemotePath target, CancellationToken stop)
    {
        if (sources.Count == 1)
        {
            log.Add(await PutOneAsync(sources[0], target, stop));
            return log.ToLine();
        }

        var folderId = await session.Tree.EnsureFolderAsync(target, stop);
        var parallel = new ParallelOptions { MaxDegreeOfParallelism = ParallelSources, CancellationToken = stop };
        await Parallel.ForEachAsync(
            sources,
            parallel,
            async (source, stopOne) =>
                await log.TryAsync(source, () => PutInsideAsync(source, target, folderId, stopOne))
        );
        return log.ToLine();
    }

    private async Task<TransferredItem> PutOneAsync(string source, RemotePath target, CancellationToken stop)
    {
        var isFolder = source != StandardInput && Directory.Exists(source);
        if (target.HasTrailingSlash)
        {
            return await PutInsideAsync(source, target, await session.Tree.EnsureFolderAsync(target, stop), stop);
        }

        if (isFolder)
        {
            return await PutFolderAsync(source, target, await session.Tree.EnsureFolderAsync(target, stop), stop);
        }

        var existing = await session.Tree.FindAsync(target, stop);
        if (existing is { IsFolder: true } && source != StandardInput)
        {
            return await PutInsideAsync(source, target, existing.FileId, stop);
        }

        var parentId = existing is null ? await session.Tree.EnsureFolderAsync(ParentOf(target), stop) : null;
        return await PutFileAsync(source, target, parentId, existing, stop);
    }

    private async Task<TransferredItem> PutInsideAsync(
        string source,
        RemotePath folder,
        string folderId,
        CancellationToken stop
    )
    {
        var path = folder.Child(Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(source))));
        if (Directory.Exists(source))
        {
            return await PutFolderAsync(source, path, await session.Tree.EnsureFolderAsync(path, stop), stop);
        }

        return await PutFileAsync(source, path, folderId, await session.Tree.FindAsync(path, stop), stop);
    }

    private async Task<TransferredItem> PutFolderAsync(
        string source,
        RemotePath path,
        string folderId,
        CancellationToken stop
    )
    {
        var result = await session.Client.UploadFolderAsync(source, folderId, progress.Part(), stop);
        log.AddFailures(result.Failures);
        return new TransferredItem(
            path.ToString(),
            folderId,
            null,
            null,
            result.Files,
            result.Skipped,
            result.BytesMoved
        );
    }

    private async Task<TransferredItem> PutFileAsync(
        string source,
        RemotePath path,
        string? parentId,
        RemoteItem? existing,
        CancellationToken stop
    )
    {
        if (existing is { IsFolder: true })
        {
            throw new FileShareException(ErrorTypes.WrongKind, $"{path} is a folder; give the file another name.");
        }

        if (
            existing is not null
            && source != StandardInput
            && await session.Client.HasSameContentAsync(source, existing, stop)
        )
        {
            return new TransferredItem(
                path.ToString(),
                existing.FileId,
                existing.VersionId,
                existing.Size,
                null,
                null,
                0
            );
        }

        var name = existing?.Name ?? path.Name;
        var target = new UploadTarget
        {
            Name = name,
            ParentId = parentId,
            FileId = existing?.FileId,
            Type = MediaTypes.OfName(name),
        };
        var result =
            source == StandardInput
                ? await StandardInputUpload.RunAsync(session, target, progress.Part(), stop)
                : await session.Client.UploadFileAsync(source, target, progress.Part(), stop);
        return new TransferredItem(
            path.ToString(),
            result.FileId,
            result.VersionId,
            result.Size,
            null,
            null,
            result.BytesSent
        );
    }

    private static RemotePath ParentOf(RemotePath target) =>
        target.IsRoot
            ? throw new FileShareException(ErrorTypes.NotFound, $"There is no {target}, or you may not see it.")
            : target.Parent;
}
