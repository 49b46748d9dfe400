using System.Text;
using Microsoft.Win32.SafeHandles;

namespace FileSharing.Client.Download;

/// <summary>One file on its way down: its runs of chunks in parallel, each chunk verified before a byte of it is written.</summary>
internal sealed class FileDownload(TransferContext context, ProgressCounter progress)
{
    /// <summary>Where the bytes stand until all of them are there.</summary>
    private const string PartSuffix = ".part";

    /// <summary>The limit of ext4, XFS and APFS for one name.</summary>
    private const int NameBytesMax = 255;

    /// <summary>Writes beside <paramref name="path"/> and renames: the name never shows half a file.</summary>
    /// <param name="expect">True when the progress does not count this file yet.</param>
    public async Task ToFileAsync(string fileId, string path, bool expect, CancellationToken cancellation)
    {
        using var links = await DownloadLinks.OpenAsync(context, fileId, cancellation);
        var size = links.Metadata.Size;
        if (expect)
        {
            progress.Expect(size);
        }

        var full = Path.GetFullPath(path);
        var part = Path.Combine(Path.GetDirectoryName(full)!, PartName(Path.GetFileName(full), fileId));
        try
        {
            using (var file = Create(part, size))
            {
                await FetchAllAsync(links, file, cancellation);
            }

            File.Move(part, full, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            File.Delete(part);
            throw new FileShareException(ErrorTypes.LocalFile, $"{path} cannot be written ({e.Message}).", e);
        }
        catch
        {
            File.Delete(part);
            throw;
        }

        progress.FileDone();
    }

    /// <summary>Writes in order, one run at a time: the stream may be a pipe.</summary>
    public async Task ToStreamAsync(string fileId, Stream destination, CancellationToken cancellation)
    {
        using var links = await DownloadLinks.OpenAsync(context, fileId, cancellation);
        progress.Expect(links.Metadata.Size);
        var fetcher = new RunFetcher(context, links);
        await foreach (var run in ChunkRun.SplitAsync(await ChunkLists.OpenAsync(context, links, cancellation)))
        {
            await fetcher.FetchAsync(
                run,
                async (_, chunk, stop) =>
                {
                    await destination.WriteAsync(chunk, stop);
                    progress.Moved(chunk.Length);
                },
                cancellation
            );
        }

        progress.FileDone();
    }

    private async Task FetchAllAsync(DownloadLinks links, SafeFileHandle file, CancellationToken cancellation)
    {
        if (links.Metadata.Size == 0)
        {
            return;
        }

        var fetcher = new RunFetcher(context, links);
        var runs = ChunkRun.SplitAsync(await ChunkLists.OpenAsync(context, links, cancellation));
        var parallel = new ParallelOptions
        {
            MaxDegreeOfParallelism = context.Options.ParallelChunks,
            CancellationToken = cancellation,
        };
        await Parallel.ForEachAsync(
            runs,
            parallel,
            async (run, stop) =>
                await fetcher.FetchAsync(
                    run,
                    async (offset, chunk, stopWrite) =>
                    {
                        await RandomAccess.WriteAsync(file, chunk, offset, stopWrite);
                        progress.Moved(chunk.Length);
                    },
                    stop
                )
        );
    }

    /// <summary>Beside the target; under the file's id where dot and suffix would make a long name too long.</summary>
    private static string PartName(string name, string fileId) =>
        Encoding.UTF8.GetByteCount(name) + 1 + PartSuffix.Length <= NameBytesMax
            ? $".{name}{PartSuffix}"
            : $".{fileId}{PartSuffix}";

    /// <summary>Takes the whole room at once: a disk that is too small shows before the first byte is fetched.</summary>
    private static SafeFileHandle Create(string path, long size) =>
        File.OpenHandle(
            path,
            FileMode.Create,
            FileAccess.Write,
            System.IO.FileShare.None,
            FileOptions.Asynchronous,
            preallocationSize: size
        );
}
