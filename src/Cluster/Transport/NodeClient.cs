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
/// Control calls to storage nodes, of the API and of other nodes: docs/node-protocol.md, section 3. Small JSON, no chunk bytes (a manifest is metadata).
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
        var request = new AdoptRequest(epoch, ids);
        var (asked, answered) = (WireJson.Default.AdoptRequest, WireJson.Default.HaveReply);
        return Checked((await AskAsync(volume, "adopt", request, asked, answered, cancellationToken)).Have, ids.Count);
    }

    /// <summary>Which of these the volume's index holds; no stamp.</summary>
    /// <param name="ids">At most <see cref="AdoptRequest.IdsMax"/>.</param>
    public async Task<IReadOnlyList<bool>> HasAsync(
        MapVolume volume,
        IReadOnlyList<ChunkId> ids,
        CancellationToken cancellationToken
    )
    {
        var request = new HasRequest(ids);
        var (asked, answered) = (WireJson.Default.HasRequest, WireJson.Default.HaveReply);
        return Checked((await AskAsync(volume, "has", request, asked, answered, cancellationToken)).Have, ids.Count);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<RangeDigest>> DigestAsync(
        MapVolume volume,
        DigestRequest request,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(request);
        var (asked, answered) = (WireJson.Default.DigestRequest, WireJson.Default.DigestReply);
        var reply = await AskAsync(volume, "digests", request, asked, answered, cancellationToken);
        return Checked(reply.Digests, request.Ranges.Count);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ListedRecord>> ListAsync(
        MapVolume volume,
        RangeListRequest request,
        CancellationToken cancellationToken
    )
    {
        var (asked, answered) = (WireJson.Default.RangeListRequest, WireJson.Default.RangeListReply);
        return (await AskAsync(volume, "list", request, asked, answered, cancellationToken)).Records;
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<byte[]?>> ChallengeAsync(
        MapVolume volume,
        ChallengeRequest request,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(request);
        var (asked, answered) = (WireJson.Default.ChallengeRequest, WireJson.Default.ChallengeReply);
        var reply = await AskAsync(volume, "challenge", request, asked, answered, cancellationToken);
        return Checked(reply.Proofs, request.Ids.Count);
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

    private async Task<TReply> AskAsync<TRequest, TReply>(
        MapVolume volume,
        string question,
        TRequest request,
        JsonTypeInfo<TRequest> requestType,
        JsonTypeInfo<TReply> replyType,
        CancellationToken cancellationToken
    )
    {
        var address = new Uri(map.Required.NodeOf(volume).Url, $"/internal/v1/volumes/{volume.VolumeId:D}/{question}");
        using var content = JsonContent.Create(request, requestType);
        using var response = await http.PostAsync(address, content, cancellationToken);
        await ThrowOnProblemAsync(response, cancellationToken);
        return await response.Content.ReadFromJsonAsync(replyType, cancellationToken)
            ?? throw new NodeCallException(response.StatusCode, problem: null);
    }

    /// <summary>An answer to each of so many questions.</summary>
    private static IReadOnlyList<T> Checked<T>(IReadOnlyList<T> answers, int asked) =>
        answers.Count == asked ? answers : throw new NodeCallException(HttpStatusCode.BadGateway, problem: null);

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
