namespace FileSharing.Client.Upload;

/// <summary>Local files as a source of uploads.</summary>
internal static class LocalFile
{
    /// <summary>The chunk reader has a window of its own, so the stream needs no buffer.</summary>
    private static readonly FileStreamOptions Sequential = new()
    {
        Mode = FileMode.Open,
        Access = FileAccess.Read,
        Share = System.IO.FileShare.ReadWrite | System.IO.FileShare.Delete,
        BufferSize = 0,
        Options = FileOptions.SequentialScan,
    };

    /// <exception cref="FileShareException"><see cref="ErrorTypes.LocalFile"/>: not a regular file that can be read.</exception>
    public static (long Size, DateTime Modified) Stat(string path)
    {
        var info = new FileInfo(path);
        if (!info.Exists)
        {
            throw new FileShareException(ErrorTypes.LocalFile, $"{path} is not there or is not a file.");
        }

        if (!FileKind.IsRegular(path))
        {
            throw new FileShareException(
                ErrorTypes.LocalFile,
                $"{path} is a device, pipe or socket; send its content with - instead."
            );
        }

        var target = info.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? info;
        return (target.Length, target.LastWriteTimeUtc);
    }

    public static FileStream Open(string path)
    {
        try
        {
            return new FileStream(path, Sequential);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FileShareException(ErrorTypes.LocalFile, $"{path} cannot be read ({e.Message}).", e);
        }
    }

    /// <exception cref="FileShareException"><see cref="ErrorTypes.SourceChanged"/>: size or time of change differ between start and end.</exception>
    public static async Task<UploadResult> UploadAsync(
        TransferContext context,
        string path,
        UploadTarget target,
        ProgressCounter progress,
        CancellationToken cancellation
    )
    {
        var before = Stat(path);
        await using var source = Open(path);
        return await new FileUpload(context, target, progress)
        {
            BeforeCommit = () => ThrowIfChanged(path, before),
        }.RunAsync(source, before.Size, cancellation);
    }

    public static void ThrowIfChanged(string path, (long Size, DateTime Modified) before)
    {
        if (Stat(path) != before)
        {
            throw new FileShareException(
                ErrorTypes.SourceChanged,
                $"{path} changed while it was read, and was not stored; put it again when it is at rest."
            );
        }
    }
}
