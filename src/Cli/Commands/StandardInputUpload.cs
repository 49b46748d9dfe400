using FileSharing.Client;
using FileSharing.Client.Upload;

namespace FileSharing.Cli.Commands;

/// <summary>
/// Uploads standard input. An upload states its size when it begins, so the input is first written to a temporary file, which the system
/// removes whatever happens to this process.
/// </summary>
internal static class StandardInputUpload
{
    private const int BufferBytes = 1 << 20;

    public static async Task<UploadResult> RunAsync(
        Session session,
        UploadTarget target,
        IProgress<TransferProgress>? progress,
        CancellationToken stop
    )
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            Share = System.IO.FileShare.None,
            BufferSize = 0,
            Options = FileOptions.DeleteOnClose,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        };
        await using var spool = new FileStream(Path.Combine(Path.GetTempPath(), Path.GetRandomFileName()), options);
        await using (var input = session.Host.OpenStandardInput())
        {
            await input.CopyToAsync(spool, BufferBytes, stop);
        }

        spool.Position = 0;
        return await session.Client.UploadAsync(spool, spool.Length, target, progress, stop);
    }
}
