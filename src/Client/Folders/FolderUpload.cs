using FileSharing.Client.Upload;

namespace FileSharing.Client.Folders;

/// <summary>
/// A local folder on its way up: one walker creates the folders and finds the files, workers upload them in parallel. Repeating it is the way
/// to resume: folders that exist are used, files with the same content are left, and chunks that an interrupted upload brought are not sent again.
/// </summary>
internal sealed class FolderUpload(FileShareClient client, TransferContext context, ProgressCounter progress)
{
    private const int Conflict = 409;

    private readonly FailureList failures = new();
    private readonly FileQueue<FoundFile> found = new();
    private long files;
    private long skipped;

    private sealed record FoundFile(string Path, string FolderId, RemoteItem? Existing);

    public async Task<FolderResult> RunAsync(string path, string folderId, CancellationToken cancellation)
    {
        var named = new DirectoryInfo(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)));
        var root = named.ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? named.FullName;
        await found.RunAsync(
            context.Options.ParallelFiles,
            stop => WalkAsync(root, new DirectoryInfo(root), folderId, isNew: false, stop),
            (file, stop) => failures.TryAsync(file.Path, () => UploadAsync(file, stop)),
            cancellation
        );
        return new FolderResult(files, skipped, progress.Snapshot.BytesMoved, failures.Items);
    }

    private async Task WalkAsync(
        string root,
        DirectoryInfo folder,
        string folderId,
        bool isNew,
        CancellationToken cancellation
    )
    {
        var existing = isNew ? [] : await ChildrenByNameAsync(folderId, cancellation);
        foreach (var entry in folder.EnumerateFileSystemInfos())
        {
            await failures.TryAsync(
                entry.FullName,
                async () =>
                {
                    switch (LocalEntries.KindOf(entry, root))
                    {
                        case LocalEntryKind.Folder:
                            var (id, created) = await FolderForAsync(entry.Name, folderId, existing, cancellation);
                            await WalkAsync(root, (DirectoryInfo)entry, id, created, cancellation);
                            break;
                        case LocalEntryKind.File:
                            progress.Expect(LocalFile.Stat(entry.FullName).Size);
                            var file = new FoundFile(entry.FullName, folderId, existing.GetValueOrDefault(entry.Name));
                            await found.AddAsync(file, cancellation);
                            break;
                        case var other:
                            failures.Add(entry.FullName, ErrorTypes.LocalFile, LocalEntries.WhySkipped(other));
                            break;
                    }
                }
            );
        }
    }

    private async Task<(string Id, bool IsNew)> FolderForAsync(
        string name,
        string parentId,
        Dictionary<string, RemoteItem> siblings,
        CancellationToken cancellation
    )
    {
        if (!siblings.TryGetValue(name, out var sibling))
        {
            try
            {
                return (await client.CreateFolderAsync(name, parentId, cancellation), true);
            }
            catch (FileShareException e) when (e.Status == Conflict)
            {
                // Somebody was faster since the listing; their folder is as good.
                var now = await ChildrenByNameAsync(parentId, cancellation);
                if (!now.TryGetValue(name, out sibling))
                {
                    throw;
                }
            }
        }

        return sibling.IsFolder
            ? (sibling.FileId, false)
            : throw new FileShareException(
                ErrorTypes.WrongKind,
                $"A file named {name} stands where this folder belongs; rename or delete it."
            );
    }

    private async Task UploadAsync(FoundFile file, CancellationToken cancellation)
    {
        var name = Path.GetFileName(file.Path);
        if (file.Existing is { IsFolder: true })
        {
            throw new FileShareException(
                ErrorTypes.WrongKind,
                $"A folder named {name} stands where this file belongs; rename or delete it."
            );
        }

        if (file.Existing is { } there && await LocalMatch.IsSameAsync(context, file.Path, there, cancellation))
        {
            progress.AlreadyThere(there.Size);
            progress.FileDone();
            Interlocked.Increment(ref skipped);
        }
        else
        {
            var target = new UploadTarget
            {
                Name = name,
                ParentId = file.FolderId,
                FileId = file.Existing?.FileId,
                Type = MediaTypes.OfName(name),
            };
            await LocalFile.UploadAsync(context, file.Path, target, progress, cancellation);
        }

        Interlocked.Increment(ref files);
    }

    private async Task<Dictionary<string, RemoteItem>> ChildrenByNameAsync(
        string folderId,
        CancellationToken cancellation
    )
    {
        var children = new Dictionary<string, RemoteItem>(StringComparer.Ordinal);
        await foreach (var child in client.ListChildrenAsync(folderId, cancellation))
        {
            children[child.Name] = child;
        }

        return children;
    }
}
