using System.Globalization;
using FileSharing.BlobEngine;
using FileSharing.Chunks;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Transport;
using FileSharing.Cluster.Wire;
using FileSharing.StorageNode.Ingest;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace FileSharing.StorageNode.Endpoints.Internal;

/// <summary>
/// <c>POST /internal/v1/volumes/{volume}/records</c>: records and settlements from another node. All of a request's records share group commits;
/// the answer is one status a frame, after the last is durable.
/// </summary>
internal static class PutRecords
{
    /// <summary>A request of the largest size and one more of the largest record.</summary>
    private const int BodyBytesMax = RecordFrame.RequestBytesMax + (11 << 20);

    private static readonly int RecordBytesMax = RecordCodec.RecordBytesMax(ChunkingPolicy.ChunkBytesMax);

    public static async Task HandleAsync(HttpContext context, Guid volumeId, NodeParts node)
    {
        // 1. An older map, and a volume that is not open, is refused whole, before anything is stored.
        context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = BodyBytesMax;
        var mapVersion = MapVersionOf(context.Request);
        if (node.State.Map.Current is not { } current || mapVersion < current.Version)
        {
            throw new RequestException(
                StatusCodes.Status409Conflict,
                "stale-map",
                "The sender's cluster map is older than this node's."
            );
        }

        VolumeCalls.Require(node, volumeId).Dispose();

        // 2. Memory from the peers' pool: it never waits for a client's upload.
        if (context.Request.ContentLength is not { } length || length > BodyBytesMax)
        {
            throw IngestLimits.TooLarge(BodyBytesMax);
        }

        using var reservation = await IngestLimits.ReserveAsync(context, node.Peers, length);

        // 3. Start every frame as it comes in, then wait for all.
        var statuses = new List<Task<RecordStatus>>();
        var settled = new List<ChunkId>();
        try
        {
            await ReceiveAsync(context, node, volumeId, mapVersion, statuses, settled);
        }
        finally
        {
            await Task.WhenAll(statuses);
        }

        if (settled.Count > 0)
        {
            await SettleAsync(node, volumeId, settled, context.RequestAborted);
        }

        var answer = new byte[statuses.Count];
        for (var i = 0; i < answer.Length; i++)
        {
            answer[i] = (byte)await statuses[i];
        }

        context.Response.ContentType = "application/octet-stream";
        context.Response.ContentLength = answer.Length;
        await context.Response.Body.WriteAsync(answer, context.RequestAborted);
    }

    private static async Task ReceiveAsync(
        HttpContext context,
        NodeParts node,
        Guid volumeId,
        long mapVersion,
        List<Task<RecordStatus>> statuses,
        List<ChunkId> settled
    )
    {
        var body = context.Request.BodyReader;
        var head = new byte[RecordFrame.HeadBytes];
        while (await BodyReader.FillAsync(body, head, hash: null, context.RequestAborted) is var filled and > 0)
        {
            var frame = filled == head.Length ? Parse(head) : throw Malformed();
            var buffer = node.Buffers.Rent(frame.Length);
            if (await BodyReader.FillAsync(body, buffer.Memory, hash: null, context.RequestAborted) < frame.Length)
            {
                buffer.Dispose();
                throw Malformed();
            }

            if (frame.Operation == RecordOperation.Settle)
            {
                settled.Add(new ChunkId(buffer.GetSpan()));
                buffer.Dispose();
                statuses.Add(Task.FromResult(RecordStatus.Settled));
            }
            else
            {
                statuses.Add(StoreAsync(node, volumeId, mapVersion, frame, buffer));
            }
        }
    }

    /// <summary>Not bound to the connection: a record that has come in whole is worth storing, and the sender may ask again.</summary>
    private static async Task<RecordStatus> StoreAsync(
        NodeParts node,
        Guid volumeId,
        long mapVersion,
        RecordFrame frame,
        PooledBuffer buffer
    )
    {
        using (buffer)
        {
            return await node.Volumes.PutAsync(
                volumeId,
                mapVersion,
                buffer.Memory,
                frame.Epoch,
                frame.Owed,
                node.Stopping
            );
        }
    }

    private static async Task SettleAsync(
        NodeParts node,
        Guid volumeId,
        List<ChunkId> ids,
        CancellationToken cancellationToken
    )
    {
        try
        {
            using var use = VolumeCalls.Require(node, volumeId);
            await use.Store.SettleAsync(ids, cancellationToken);
        }
        catch (Exception error) when (error is IOException or RequestException)
        {
            // The marks stay, and are lifted by the delivery daemon.
        }
    }

    /// <exception cref="RequestException">400: no head of a frame, or of a length that none can have.</exception>
    internal static RecordFrame Parse(ReadOnlySpan<byte> head)
    {
        try
        {
            var frame = RecordFrame.Read(head);
            var lengthIsRight =
                frame.Operation == RecordOperation.Settle
                    ? frame.Length == ChunkId.Bytes
                    : frame.Length > 0 && frame.Length <= RecordBytesMax;
            return lengthIsRight ? frame : throw Malformed();
        }
        catch (FormatException)
        {
            throw Malformed();
        }
    }

    private static RequestException Malformed() =>
        new(
            StatusCodes.Status400BadRequest,
            "bad-frame",
            "The stream of records is malformed; what came before is stored."
        );

    private static long MapVersionOf(HttpRequest request) =>
        long.TryParse(
            request.Headers[InternalHttp.MapVersionHeader],
            NumberStyles.None,
            CultureInfo.InvariantCulture,
            out var version
        )
            ? version
            : 0;
}
