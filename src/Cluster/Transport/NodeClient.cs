using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Serialization.Metadata;
using FileSharing.Chunks;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Wire;

namespace FileSharing.Cluster.Transport;

/// <summary>A storage node answered an internal call with a problem.</summary>
public sealed class NodeCallException(HttpStatusCode status, Problem? problem)
    : HttpRequestException(problem?.Detail ?? $"A storage node answered {(int)status}.", null, status)
{
    public Problem? Problem { get; } = problem;
}

/// <summary>
/// The API's control calls to storage nodes: docs/node-protocol.md, section 3. Small JSON, no chunk bytes (a manifest is metadata).
/// Every method throws <see cref="NodeCallException"/> for a refusal, <see cref="HttpRequestException"/> for a node that cannot be reached.
/// </summary>
public sealed class NodeClient(HttpClient http, MapHolder map) : IVolumeCalls
{
    /// <inheritdoc/>
    public async Task<IReadOnlyList<bool>> AdoptAsync(
        MapVolume volume,
        uint epoch,
        IReadOnlyList<ChunkId> ids,
        CancellationToken cancellationToken
    )
    {
        var reply = await PostAsync(
            Address(volume, $"/internal/v1/volumes/{volume.VolumeId:D}/adopt"),
            new AdoptRequest(epoch, ids),
            WireJson.Default.AdoptRequest,
            WireJson.Default.HaveReply,
            cancellationToken
        );
        return Checked(reply, ids);
    }

    /// <summary>Which of these the volume's index holds; no stamp.</summary>
    /// <param name="ids">At most <see cref="AdoptRequest.IdsMax"/>.</param>
    public async Task<IReadOnlyList<bool>> HasAsync(
        MapVolume volume,
        IReadOnlyList<ChunkId> ids,
        CancellationToken cancellationToken
    )
    {
        var reply = await PostAsync(
            Address(volume, $"/internal/v1/volumes/{volume.VolumeId:D}/has"),
            new HasRequest(ids),
            WireJson.Default.HasRequest,
            WireJson.Default.HaveReply,
            cancellationToken
        );
        return Checked(reply, ids);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<RangeDigest>> DigestAsync(
        MapVolume volume,
        DigestRequest request,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(request);
        var reply = await PostAsync(
            Address(volume, $"/internal/v1/volumes/{volume.VolumeId:D}/digests"),
            request,
            WireJson.Default.DigestRequest,
            WireJson.Default.DigestReply,
            cancellationToken
        );
        return reply.Digests.Count == request.Ranges.Count
            ? reply.Digests
            : throw new NodeCallException(HttpStatusCode.BadGateway, problem: null);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ListedRecord>> ListAsync(
        MapVolume volume,
        RangeListRequest request,
        CancellationToken cancellationToken
    ) =>
        (
            await PostAsync(
                Address(volume, $"/internal/v1/volumes/{volume.VolumeId:D}/list"),
                request,
                WireJson.Default.RangeListRequest,
                WireJson.Default.RangeListReply,
                cancellationToken
            )
        ).Records;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<byte[]?>> ChallengeAsync(
        MapVolume volume,
        ChallengeRequest request,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(request);
        var reply = await PostAsync(
            Address(volume, $"/internal/v1/volumes/{volume.VolumeId:D}/challenge"),
            request,
            WireJson.Default.ChallengeRequest,
            WireJson.Default.ChallengeReply,
            cancellationToken
        );
        return reply.Proofs.Count == request.Ids.Count
            ? reply.Proofs
            : throw new NodeCallException(HttpStatusCode.BadGateway, problem: null);
    }

    /// <summary>Stores a manifest; returns when two owners have it durably.</summary>
    /// <param name="body">As <see cref="Manifest.ToBody"/> made it.</param>
    public async Task PutManifestAsync(
        MapNode node,
        ChunkId id,
        ReadOnlyMemory<byte> body,
        uint epoch,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(node);
        using var content = new ReadOnlyMemoryContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        using var response = await http.PutAsync(
            new Uri(node.Url, $"/internal/v1/manifests/{id}?epoch={epoch}"),
            content,
            cancellationToken
        );
        await ThrowOnProblemAsync(response, cancellationToken);
    }

    /// <summary>Returns when the API has accepted every notification that the node owed it.</summary>
    public async Task FlushNotificationsAsync(MapNode node, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(node);
        using var response = await http.PostAsync(
            new Uri(node.Url, "/internal/v1/notifications/flush"),
            content: null,
            cancellationToken
        );
        await ThrowOnProblemAsync(response, cancellationToken);
    }

    public async Task<NodeStatus> StatusAsync(MapNode node, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(node);
        using var response = await http.GetAsync(new Uri(node.Url, "/internal/v1/status"), cancellationToken);
        await ThrowOnProblemAsync(response, cancellationToken);
        return await response.Content.ReadFromJsonAsync(WireJson.Default.NodeStatus, cancellationToken)
            ?? throw new NodeCallException(response.StatusCode, problem: null);
    }

    /// <summary>Asks for a whole scrub of the volume; one that is waiting or under way counts.</summary>
    public async Task<ScrubStatus> StartScrubAsync(MapNode node, Guid volumeId, CancellationToken cancellationToken)
    {
        using var response = await http.PostAsync(ScrubAddress(node, volumeId), content: null, cancellationToken);
        return await ReadScrubAsync(response, cancellationToken);
    }

    /// <summary>How far the scrub is that was asked for last.</summary>
    public async Task<ScrubStatus> ScrubStatusAsync(MapNode node, Guid volumeId, CancellationToken cancellationToken)
    {
        using var response = await http.GetAsync(ScrubAddress(node, volumeId), cancellationToken);
        return await ReadScrubAsync(response, cancellationToken);
    }

    private static Uri ScrubAddress(MapNode node, Guid volumeId)
    {
        ArgumentNullException.ThrowIfNull(node);
        return new Uri(node.Url, $"/internal/v1/volumes/{volumeId:D}/scrub");
    }

    private static async Task<ScrubStatus> ReadScrubAsync(
        HttpResponseMessage response,
        CancellationToken cancellationToken
    )
    {
        await ThrowOnProblemAsync(response, cancellationToken);
        return await response.Content.ReadFromJsonAsync(WireJson.Default.ScrubStatus, cancellationToken)
            ?? throw new NodeCallException(response.StatusCode, problem: null);
    }

    private Uri Address(MapVolume volume, string path) => new(map.Required.NodeOf(volume).Url, path);

    private async Task<TReply> PostAsync<TRequest, TReply>(
        Uri address,
        TRequest request,
        JsonTypeInfo<TRequest> requestType,
        JsonTypeInfo<TReply> replyType,
        CancellationToken cancellationToken
    )
    {
        using var content = JsonContent.Create(request, requestType);
        using var response = await http.PostAsync(address, content, cancellationToken);
        await ThrowOnProblemAsync(response, cancellationToken);
        return await response.Content.ReadFromJsonAsync(replyType, cancellationToken)
            ?? throw new NodeCallException(response.StatusCode, problem: null);
    }

    private static IReadOnlyList<bool> Checked(HaveReply reply, IReadOnlyList<ChunkId> ids) =>
        reply.Have.Count == ids.Count
            ? reply.Have
            : throw new NodeCallException(HttpStatusCode.BadGateway, problem: null);

    /// <summary>Turns any answer but success into a <see cref="NodeCallException"/> with the problem that came with it.</summary>
    public static async Task ThrowOnProblemAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (response.IsSuccessStatusCode)
        {
            return;
        }

        throw new NodeCallException(response.StatusCode, await Problem.ReadAsync(response, cancellationToken));
    }
}
