using FileSharing.Chunks;
using FileSharing.Client.Download;
using FileSharing.Client.Folders;
using FileSharing.Client.Upload;
using Polly;

namespace FileSharing.Client;

/// <summary>
/// A FileShare server as a program sees it: accounts, the tree of files and folders, and transfers whose bytes go straight to the storage
/// nodes, in parallel and verified. One instance serves any number of threads and should be shared: it owns the connections and the
/// memory budget of all transfers.
/// </summary>
/// <remarks>
/// Every call throws <see cref="FileShareException"/> for what the server or the network refused, after it has retried what can be retried, and
/// <see cref="OperationCanceledException"/> when its token is cancelled. Wire: docs/node-protocol.md.
/// </remarks>
public sealed partial class FileShareClient : IDisposable
{
    private readonly HttpClient http;
    private readonly ApiConnection api;
    private readonly TransferContext transfers;

    public FileShareClient(FileShareClientOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (!options.Url.IsAbsoluteUri || options.Url.Scheme is not ("http" or "https"))
        {
            throw new ArgumentException("The server's address starts with http:// or https://.", nameof(options));
        }

        http = HttpSender.CreateHttpClient();
        var sender = new HttpSender(http, options.TimeProvider);
        var retry = Retry.Create(options.TimeProvider);
        var baseUrl = new Uri(options.Url.AbsoluteUri.TrimEnd('/') + "/");
        api = new ApiConnection(sender, retry, baseUrl, options.Token);
        transfers = new TransferContext(api, sender, retry, options);
    }

    public void Dispose()
    {
        transfers.Dispose();
        http.Dispose();
    }

    /// <summary>Stores a local file under <paramref name="target"/>; when it returns, readers see the whole new version.</summary>
    /// <exception cref="FileShareException"><see cref="ErrorTypes.SourceChanged"/>: the file changed meanwhile, upload it again.
    /// <see cref="ErrorTypes.LocalFile"/>: it cannot be read. Status 409: the name is taken, name the file by its id.</exception>
    public async Task<UploadResult> UploadFileAsync(
        string path,
        UploadTarget target,
        IProgress<TransferProgress>? progress = null,
        CancellationToken cancellation = default
    )
    {
        var counter = new ProgressCounter(progress);
        counter.Expect(LocalFile.Stat(path).Size);
        return await LocalFile.UploadAsync(transfers, path, target, counter, cancellation);
    }

    /// <summary>Stores exactly <paramref name="size"/> bytes of <paramref name="source"/>, which is read once, front to back.</summary>
    /// <exception cref="FileShareException"><see cref="ErrorTypes.SourceChanged"/>: the stream had another number of bytes.</exception>
    public async Task<UploadResult> UploadAsync(
        Stream source,
        long size,
        UploadTarget target,
        IProgress<TransferProgress>? progress = null,
        CancellationToken cancellation = default
    )
    {
        var counter = new ProgressCounter(progress);
        counter.Expect(size);
        return await new FileUpload(transfers, target, counter).RunAsync(source, size, cancellation);
    }

    /// <summary>
    /// Whether the local file holds the bytes of the remote one's newest version; moves none of them. False also when the server knows no
    /// fingerprint and the file was cut in another way than this client does.
    /// </summary>
    public Task<bool> HasSameContentAsync(string path, RemoteItem remote, CancellationToken cancellation = default) =>
        LocalMatch.IsSameAsync(transfers, path, remote, cancellation);

    /// <summary>
    /// Makes the remote folder equal to the local one for everything that the local one holds; what else is there stays. Files that are there with
    /// the same content are not sent again, so a repeated call goes on where an interrupted one stopped.
    /// </summary>
    public Task<FolderResult> UploadFolderAsync(
        string path,
        string folderId,
        IProgress<TransferProgress>? progress = null,
        CancellationToken cancellation = default
    ) => new FolderUpload(this, transfers, new ProgressCounter(progress)).RunAsync(path, folderId, cancellation);

    /// <summary>Fetches a file into <paramref name="path"/>: every chunk verified, complete or not there at all (it is written beside it and renamed).</summary>
    /// <exception cref="FileShareException"><see cref="ErrorTypes.DamagedBytes"/>: some bytes failed verification from every node.</exception>
    public Task DownloadFileAsync(
        string fileId,
        string path,
        IProgress<TransferProgress>? progress = null,
        CancellationToken cancellation = default
    ) => new FileDownload(transfers, new ProgressCounter(progress)).ToFileAsync(fileId, path, true, cancellation);

    /// <summary>Writes a file to <paramref name="destination"/> in order; every byte is verified before it is written.</summary>
    public Task DownloadAsync(
        string fileId,
        Stream destination,
        IProgress<TransferProgress>? progress = null,
        CancellationToken cancellation = default
    ) => new FileDownload(transfers, new ProgressCounter(progress)).ToStreamAsync(fileId, destination, cancellation);

    /// <summary>Writes a range of a file to <paramref name="destination"/>. The node verifies the bytes, the client their number.</summary>
    public Task DownloadRangeAsync(
        string fileId,
        ByteRange range,
        Stream destination,
        CancellationToken cancellation = default
    ) => new RangeDownload(transfers).ToStreamAsync(fileId, range, destination, cancellation);

    /// <summary>Fetches everything below a remote folder into a local one, which is created when it is missing.</summary>
    public Task<FolderResult> DownloadFolderAsync(
        string folderId,
        string path,
        IProgress<TransferProgress>? progress = null,
        CancellationToken cancellation = default
    ) => new FolderDownload(this, transfers, new ProgressCounter(progress)).RunAsync(folderId, path, cancellation);
}
