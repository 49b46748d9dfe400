using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Serialization.Metadata;
using FileSharing.Cluster.Transport;
using FileSharing.Cluster.Wire;

namespace FileSharing.StorageNode.Membership;

/// <summary>What the API answered to a heartbeat.</summary>
/// <param name="News">Null when the node has them.</param>
/// <param name="Tag">Names these news.</param>
/// <param name="Floor">Null from an API that has none: then the answer does not count as one to a heartbeat.</param>
/// <param name="Repair">Null with <paramref name="Floor"/>.</param>
internal sealed record ClusterAnswer(ClusterReply? News, string? Tag, long? Floor, RepairPace? Repair);

/// <summary>
/// A node's calls to the API: docs/node-protocol.md, section 3. None lies on the path of a download. A refusal is a <see cref="NodeCallException"/>.
/// </summary>
internal sealed class ApiClient(HttpClient http, Uri api)
{
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

    /// <summary>The heartbeat: asks for news, and says which volumes are open (and, as every call does, which map is here).</summary>
    /// <param name="known">Names the news that this node has taken; null for none.</param>
    /// <param name="openVolumes">Each with the incarnation at which it is open.</param>
    public async Task<ClusterAnswer> GetClusterAsync(
        string? known,
        IEnumerable<(Guid VolumeId, ulong Incarnation)> openVolumes,
        CancellationToken cancellationToken
    )
    {
        var volumes = string.Join(',', openVolumes.Select(open => $"{open.VolumeId:D}:{open.Incarnation}"));
        var address = new Uri(api, $"/internal/v1/cluster?volumes={volumes}");
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        if (known is not null)
        {
            request.Headers.TryAddWithoutValidation("If-None-Match", known);
        }

        using var response = await http.SendAsync(request, cancellationToken);
        var news =
            response.StatusCode == HttpStatusCode.NotModified
                ? null
                : await ReadAsync(response, WireJson.Default.ClusterReply, cancellationToken);
        return new ClusterAnswer(
            news,
            response.Headers.ETag?.ToString(),
            Number(response, InternalHttp.MapFloorHeader),
            Number(response, InternalHttp.RepairBudgetHeader) is { } budget
                ? new RepairPace(Math.Max(1, budget), Share(response, InternalHttp.RepairShareHeader))
                : null
        );
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

    private static long? Number(HttpResponseMessage response, string header) =>
        response.Headers.TryGetValues(header, out var values)
        && long.TryParse(values.First(), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;

    /// <summary>All of it when it is not said, or makes no sense.</summary>
    private static double Share(HttpResponseMessage response, string header) =>
        response.Headers.TryGetValues(header, out var values)
        && double.TryParse(values.First(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var share)
        && share is > 0 and <= 1
            ? share
            : 1;

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
