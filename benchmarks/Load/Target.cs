using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using FileSharing.Cluster.Signing;

namespace FileSharing.Load;

/// <summary>
/// A running cluster. Chunk URLs are signed here, with the keys that a node keeps in its data directory, so that the storage path is measured by itself; files go
/// through the API as any client's do.
/// </summary>
internal sealed class Target : IDisposable
{
    private static readonly JsonSerializerOptions SnakeCase = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    private readonly UrlSigner signer;
    private readonly Uri api;
    private readonly string token;

    private Target(ClusterSecrets secrets, Uri api, string token, IReadOnlyList<Uri> nodes)
    {
        signer = new UrlSigner(secrets, TimeProvider.System);
        this.api = api;
        this.token = token;
        Nodes = nodes;
    }

    public IReadOnlyList<Uri> Nodes { get; }

    public HttpClient Http { get; } =
        new(new SocketsHttpHandler { UseProxy = false, MaxConnectionsPerServer = 64 })
        {
            Timeout = TimeSpan.FromMinutes(2),
        };

    /// <param name="nodes">Storage nodes that are asked: the first so many.</param>
    public static async Task<Target> OpenAsync(string data, int port, int nodes)
    {
        var identity = JsonDocument.Parse(await File.ReadAllBytesAsync(Path.Combine(data, "node-1", "node.json")));
        var secrets = identity.RootElement.GetProperty("secrets").Deserialize<ClusterSecrets>(SnakeCase)!;
        var address = new Uri($"http://127.0.0.1:{port}");
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        var password = (await File.ReadAllTextAsync(Path.Combine(data, "admin-password"))).Trim();
        using var login = await http.PostAsJsonAsync(
            new Uri(address, "/auth/login"),
            new { email = "admin@localhost", password }
        );
        var reply = await login.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<JsonElement>();
        return new Target(
            secrets,
            address,
            reply.GetProperty("token").GetString()!,
            [.. Enumerable.Range(1, nodes).Select(n => new Uri($"http://127.0.0.1:{port + 10 + n}"))]
        );
    }

    public Uri Sign(int node, UrlGrant grant) =>
        new(Nodes[node % Nodes.Count], signer.Sign(grant, TimeSpan.FromHours(1)));

    public async Task<JsonElement> CallAsync(HttpMethod method, string path, object? body, CancellationToken stop)
    {
        using var response = await SendAsync(method, path, body, stop);
        return response.IsSuccessStatusCode
            ? await response.Content.ReadFromJsonAsync<JsonElement>(stop)
            : throw new InvalidOperationException(
                $"{method} {path}: {(int)response.StatusCode} {await response.Content.ReadAsStringAsync(stop)}"
            );
    }

    /// <summary>GET /health/cluster, whatever it says.</summary>
    public async Task<JsonElement> HealthAsync()
    {
        using var response = await SendAsync(HttpMethod.Get, "/health/cluster", body: null, CancellationToken.None);
        return await response.Content.ReadFromJsonAsync<JsonElement>();
    }

    private async Task<HttpResponseMessage> SendAsync(
        HttpMethod method,
        string path,
        object? body,
        CancellationToken stop
    )
    {
        using var request = new HttpRequestMessage(method, new Uri(api, path));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        request.Content = body is null ? null : JsonContent.Create(body);
        return await Http.SendAsync(request, stop);
    }

    /// <summary>Reads and drops a body; its length.</summary>
    public async Task<long> DrainAsync(Uri url, RangeHeaderValue? range, byte[] buffer, CancellationToken stop)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        request.Headers.Range = range;
        using var response = await Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stop);
        response.EnsureSuccessStatusCode();
        await using var body = await response.Content.ReadAsStreamAsync(stop);
        long total = 0;
        int read;
        while ((read = await body.ReadAsync(buffer, stop)) > 0)
        {
            total += read;
        }

        return total;
    }

    public void Dispose() => Http.Dispose();
}
