using System.Globalization;
using System.Text.Json;
using FileSharing.Client.Wire;

namespace FileSharing.Client.Upload;

/// <summary>The calls of one upload session, and the URLs that it gave out.</summary>
internal sealed class UploadSession : IDisposable
{
    /// <summary>Receipts are a shortcut; what they do not prove, the nodes' notifications do.</summary>
    public const int ReceiptsMax = 1_000;

    private readonly ApiConnection api;
    private readonly string uploadId;
    private readonly Queue<JsonElement> receipts = new();
    private readonly SemaphoreSlim renewing = new(1);
    private Dictionary<int, IReadOnlyList<Uri>> renewed = [];
    private int renewals;

    private UploadSession(ApiConnection api, string uploadId)
    {
        this.api = api;
        this.uploadId = uploadId;
    }

    /// <summary>Counts how often the URLs were renewed: who failed with an older count asks again.</summary>
    public int Renewals => Volatile.Read(ref renewals);

    public static async Task<(UploadSession Session, UploadReply Reply)> OpenAsync(
        ApiConnection api,
        UploadRequest request,
        CancellationToken cancellation
    )
    {
        var reply = await api.SendAsync(
            HttpMethod.Post,
            "files/upload",
            request,
            WireJson.Default.UploadRequest,
            WireJson.Default.UploadReply,
            cancellation
        );
        return reply.UploadId is null
            ? throw new FileShareException(ErrorTypes.UnexpectedReply, "The server opened an upload without an id.")
            : (new UploadSession(api, reply.UploadId), reply);
    }

    public Task<UploadReply> AddAsync(AddChunksRequest request, CancellationToken cancellation) =>
        api.SendAsync(
            HttpMethod.Post,
            $"files/upload/{uploadId}/chunks",
            request,
            WireJson.Default.AddChunksRequest,
            WireJson.Default.UploadReply,
            cancellation
        );

    /// <summary>Keeps the newest <see cref="ReceiptsMax"/>.</summary>
    public void Keep(JsonElement receipt)
    {
        lock (receipts)
        {
            receipts.Enqueue(receipt);
            if (receipts.Count > ReceiptsMax)
            {
                receipts.Dequeue();
            }
        }
    }

    public Task<CompleteReply> CompleteAsync(CancellationToken cancellation)
    {
        CompleteRequest request;
        lock (receipts)
        {
            request = new CompleteRequest([.. receipts]);
        }

        return api.SendAsync(
            HttpMethod.Post,
            $"files/upload/{uploadId}/complete",
            request,
            WireJson.Default.CompleteRequest,
            WireJson.Default.CompleteReply,
            cancellation
        );
    }

    /// <summary>
    /// Fresh URLs of a part. The session is asked once for all parts still to be sent, however many of them find their URL expired at the same time.
    /// </summary>
    /// <param name="seenRenewals">The value of <see cref="Renewals"/> when the refused URL was taken.</param>
    public async Task<IReadOnlyList<Uri>> RenewAsync(int index, int seenRenewals, CancellationToken cancellation)
    {
        await renewing.WaitAsync(cancellation);
        try
        {
            if (renewals == seenRenewals)
            {
                renewed = await ReadUrlsAsync(cancellation);
                renewals++;
            }

            return renewed.GetValueOrDefault(index, []);
        }
        finally
        {
            renewing.Release();
        }
    }

    public void Dispose() => renewing.Dispose();

    private async Task<Dictionary<int, IReadOnlyList<Uri>>> ReadUrlsAsync(CancellationToken cancellation)
    {
        var urls = new Dictionary<int, IReadOnlyList<Uri>>();
        string? cursor = null;
        do
        {
            var from = cursor is null ? "" : $"&cursor={Uri.EscapeDataString(cursor)}";
            var reply = await api.GetAsync(
                string.Create(CultureInfo.InvariantCulture, $"files/upload/{uploadId}?limit={ReceiptsMax}{from}"),
                WireJson.Default.UploadReply,
                cancellation
            );
            foreach (var part in reply.Parts.Where(part => part.IsWanted))
            {
                urls[part.Index] = part.Targets;
            }

            cursor = reply.NextCursor;
        } while (cursor is not null);
        return urls;
    }
}
