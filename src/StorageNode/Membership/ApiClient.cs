using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Serialization.Metadata;
using FileSharing.Cluster.Transport;
using FileSharing.Cluster.Wire;

namespace FileSharing.StorageNode.Membership;

/// <summary>
/// A node's calls to the API: docs/node-protocol.md, section 3. None lies on the path of a download. A refusal is a <see cref="NodeCallException"/>.
/// </summary>
internal sealed class ApiClient(HttpClient http, Uri api)
{
    private string? clusterETag;

    public async Task<JoinReply> JoinAsync(JoinRequest request, CancellationToken cancellationToken)
    {
        using var response = await PostAsync(
            "/internal/v1/nodes/join",
            request,
            WireJson.Default.JoinRequest,
            cancellationToken
        );
        return await ReadAsync(response, WireJson.Default.JoinReply, cancellationToken);
    }

    public async Task<RegisterReply> RegisterAsync(RegisterRequest request, CancellationToken cancellationToken)
    {
        using var response = await PostAsync(
            "/internal/v1/nodes/register",
            request,
            WireJson.Default.RegisterRequest,
            cancellationToken
        );
        return await ReadAsync(response, WireJson.Default.RegisterReply, cancellationToken);
    }

    /// <returns>Null when nothing has changed since the last call.</returns>
    public async Task<ClusterReply?> GetClusterAsync(CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(api, "/internal/v1/cluster"));
        if (clusterETag is not null)
        {
            request.Headers.TryAddWithoutValidation("If-None-Match", clusterETag);
        }

        using var response = await http.SendAsync(request, cancellationToken);
        if (response.StatusCode == HttpStatusCode.NotModified)
        {
            return null;
        }

        var reply = await ReadAsync(response, WireJson.Default.ClusterReply, cancellationToken);
        clusterETag = response.Headers.ETag?.ToString();
        return reply;
    }

    public async Task NotifyAsync(NotificationBatch batch, CancellationToken cancellationToken)
    {
        using var response = await PostAsync(
            "/internal/v1/notifications",
            batch,
            WireJson.Default.NotificationBatch,
            cancellationToken
        );
    }

    /// <summary>Tells what was found by comparing partitions.</summary>
    public async Task ReportPartitionsAsync(PartitionReports reports, CancellationToken cancellationToken)
    {
        using var response = await PostAsync(
            "/internal/v1/partitions/reports",
            reports,
            WireJson.Default.PartitionReports,
            cancellationToken
        );
    }

    /// <summary>Records what a positional part was cut into. Only then may the part be acknowledged.</summary>
    public async Task RecordPartAsync(Guid uploadId, int index, PartChunks chunks, CancellationToken cancellationToken)
    {
        using var content = JsonContent.Create(chunks, WireJson.Default.PartChunks);
        await content.LoadIntoBufferAsync(cancellationToken);
        var address = new Uri(api, $"/internal/v1/uploads/{uploadId:D}/parts/{index}");
        using var response = await http.PutAsync(address, content, cancellationToken);
        await NodeClient.ThrowOnProblemAsync(response, cancellationToken);
    }

    private async Task<HttpResponseMessage> PostAsync<T>(
        string path,
        T message,
        JsonTypeInfo<T> type,
        CancellationToken cancellationToken
    )
    {
        using var content = JsonContent.Create(message, type);
        await content.LoadIntoBufferAsync(cancellationToken);
        var response = await http.PostAsync(new Uri(api, path), content, cancellationToken);
        try
        {
            await NodeClient.ThrowOnProblemAsync(response, cancellationToken);
            return response;
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }

    private static async Task<T> ReadAsync<T>(
        HttpResponseMessage response,
        JsonTypeInfo<T> type,
        CancellationToken cancellationToken
    )
    {
        await NodeClient.ThrowOnProblemAsync(response, cancellationToken);
        return await response.Content.ReadFromJsonAsync(type, cancellationToken)
            ?? throw new NodeCallException(HttpStatusCode.BadGateway, problem: null);
    }
}
