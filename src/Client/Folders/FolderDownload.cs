using FileSharing.Client.Download;

namespace FileSharing.Client.Folders;

/// <summary>
/// A remote folder on its way down: one walker lists and creates the folders, workers fetch the files in parallel. A local file with the same
/// content is left, so a repeated call resumes.
/// </summary>
internal sealed class FolderDownload(FileShareClient client, TransferContext context, ProgressCounter progress)
{
    private readonly FailureList failures = new();
    private readonly FileQueue<(RemoteItem Item, string Path)> found = new();
    private long files;
    private long skipped;

    public async Task<FolderResult> RunAsync(string folderId, string path, CancellationToken cancellation)
    {
        await found.RunAsync(
            context.Options.ParallelFiles,
            stop => WalkAsync(folderId, path, stop),
            (file, stop) => failures.TryAsync(file.Path, () => DownloadAsync(file.Item, file.Path, stop)),
            cancellation
        );
        return new FolderResult(files, skipped, progress.Snapshot.BytesMoved, failures.Items);
    }

    private async Task WalkAsync(string folderId, string path, CancellationToken cancellation)
    {
        Directory.CreateDirectory(path);
        await foreach (var item in client.ListChildrenAsync(folderId, cancellation))
        {
            var target = Path.Combine(path, LocalNames.IsSafe(item.Name) ? item.Name : "?");
            await failures.TryAsync(
                target,
                async () =>
                {
                    LocalNames.ThrowIfUnsafe(item.Name);
                    if (item.IsFolder)
                    {
                        await WalkAsync(item.FileId, target, cancellation);
                        return;
                    }

                    progress.Expect(item.Size);
                    await found.AddAsync((item, target), cancellation);
                }
            );
        }
    }

    private async Task DownloadAsync(RemoteItem item, string path, CancellationToken cancellation)
    {
        if (File.Exists(path) && await LocalMatch.IsSameAsync(context, path, item, cancellation))
        {
            progress.AlreadyThere(item.Size);
            progress.FileDone();
            Interlocked.Increment(ref skipped);
        }
        else
        {
            await new FileDownload(context, progress).ToFileAsync(item.FileId, path, expect: false, cancellation);
        }

        Interlocked.Increment(ref files);
    }
}
