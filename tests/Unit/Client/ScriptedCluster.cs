using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using FileSharing.Chunks;
using FileSharing.Client;
using Microsoft.AspNetCore.Http;

namespace FileSharing.UnitTests.Client;

/// <summary>
/// The protocol's edges as a server on loopback shows them: one API and two nodes that differ in the first segment of the URL, with a hook before
/// each PUT and GET of a node. What it keeps is what the tests look at; it is no store.
/// </summary>
internal sealed class ScriptedCluster : IAsyncDisposable
{
    private LoopbackServer server = null!;
    private readonly List<ChunkId> listed = [];

    public ConcurrentDictionary<ChunkId, byte[]> Stored { get; } = new();
    public ConcurrentQueue<string> Requests { get; } = new();
    public ConcurrentQueue<JsonObject> Opened { get; } = new();
    public JsonObject? Completed { get; private set; }
    public HashSet<ChunkId> Has { get; } = [];

    /// <summary>True when the hook answered itself.</summary>
    public Func<string, HttpContext, Task<bool>> BeforeNode { get; set; } = (_, _) => Task.FromResult(false);

    public Func<HttpContext, Task<bool>> BeforeApi { get; set; } = _ => Task.FromResult(false);

    /// <summary>The content that downloads give.</summary>
    public byte[] Content { get; set; } = [];
    public Manifest? Manifest { get; set; }

    public static async Task<ScriptedCluster> StartAsync()
    {
        var cluster = new ScriptedCluster();
        cluster.server = await LoopbackServer.StartAsync(cluster.AnswerAsync);
        return cluster;
    }

    public Uri Url => server.Url;

    public FileShareClient Client(Func<FileShareClientOptions, FileShareClientOptions>? change = null)
    {
        var options = new FileShareClientOptions { Url = server.Url, Token = "token" };
        return new FileShareClient(change is null ? options : change(options));
    }

    /// <summary>Serves the bytes as one file, cut by the default policy.</summary>
    public void Serve(byte[] content)
    {
        Content = content;
        var chunker = new Chunker(ChunkingPolicy.Dedup);
        var entries = new List<ManifestEntry>();
        for (var at = 0; at < content.Length; )
        {
            var length = chunker.Cut(content.AsSpan(at));
            entries.Add(new ManifestEntry(ChunkId.OfChunk(content.AsSpan(at, length)), length));
            at += length;
        }

        Manifest = FileSharing.Chunks.Manifest.Create(0, "dedup", entries);
    }

    public static Task ProblemAsync(HttpContext http, int status, string name)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/problem+json";
        return http.Response.WriteAsync(
            $$"""{"type":"urn:fileshare:error:{{name}}","detail":"It is {{name}}.","trace_id":"t1"}"""
        );
    }

    /// <summary>A hook: no answer as long as the client waits for one.</summary>
    public static async Task<bool> HangAsync(HttpContext http, bool isHanging)
    {
        if (isHanging)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, http.RequestAborted)
                .ContinueWith(_ => { }, TaskScheduler.Default);
        }

        return isHanging;
    }

    public async ValueTask DisposeAsync() => await server.DisposeAsync();

    private async Task AnswerAsync(HttpContext http)
    {
        var path = http.Request.Path.Value!;
        Requests.Enqueue($"{http.Request.Method} {path}");
        if (path.StartsWith("/node", StringComparison.Ordinal))
        {
            if (!await BeforeNode(path.Split('/')[1], http))
            {
                await (http.Request.Method == "PUT" ? PutAsync(http) : GetAsync(http));
            }

            return;
        }

        if (await BeforeApi(http))
        {
            return;
        }

        await (
            path switch
            {
                "/files/upload" => OpenAsync(http),
                "/files/upload/u1/chunks" => AddAsync(http),
                "/files/upload/u1" => WriteAsync(http, Parts(0)),
                "/files/upload/u1/complete" => CompleteAsync(http),
                "/files/download/f1" => WriteAsync(http, Download()),
                _ => ProblemAsync(http, 404, "not-found"),
            }
        );
    }

    private async Task OpenAsync(HttpContext http)
    {
        var body = await BodyAsync(http);
        Opened.Enqueue(body);
        await ListAsync(http, body);
    }

    private async Task AddAsync(HttpContext http) => await ListAsync(http, await BodyAsync(http));

    private async Task ListAsync(HttpContext http, JsonObject body)
    {
        var first = listed.Count;
        listed.AddRange(body["chunks"]!.AsArray().Select(c => ChunkId.Parse((string)c!["id"]!)));
        await WriteAsync(http, Parts(first));
    }

    private JsonObject Parts(int first)
    {
        var parts = new JsonArray();
        for (var i = first; i < listed.Count; i++)
        {
            var isWanted = !Has.Contains(listed[i]) && !Stored.ContainsKey(listed[i]);
            parts.Add(
                new JsonObject
                {
                    ["index"] = i,
                    ["chunk_id"] = listed[i].ToString(),
                    ["status"] = isWanted ? "not-uploaded" : "have",
                    ["urls"] = new JsonArray(
                        $"{Url}node1/v1/chunks/{listed[i]}?idx={i}",
                        $"{Url}node2/v1/chunks/{listed[i]}?idx={i}"
                    ),
                }
            );
        }

        return new JsonObject
        {
            ["file_id"] = "f1",
            ["upload_id"] = "u1",
            ["parts"] = parts,
        };
    }

    private async Task CompleteAsync(HttpContext http)
    {
        Completed = await BodyAsync(http);
        var size = (long)Opened.Last()["metadata"]!["size"]!;
        await WriteAsync(
            http,
            new JsonObject
            {
                ["file_id"] = "f1",
                ["version_id"] = "v1",
                ["size"] = size,
            }
        );
    }

    private async Task PutAsync(HttpContext http)
    {
        using var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body);
        var id = ChunkId.Parse(http.Request.Path.Value!.Split('/')[^1]);
        if (ChunkId.OfChunk(body.ToArray()) != id)
        {
            await ProblemAsync(http, 400, "wrong-digest");
            return;
        }

        Stored[id] = body.ToArray();
        http.Response.StatusCode = 201;
        await WriteAsync(http, new JsonObject { ["upload_id"] = "u1", ["mac"] = id.ToString() });
    }

    private JsonObject Download()
    {
        var id = FileSharing.Chunks.Manifest.IdOf(Manifest!.ToBody());
        return new JsonObject
        {
            ["download_urls"] = new JsonArray(
                $"{Url}node1/v1/files/{id}?kind=manifest&len={Content.Length}",
                $"{Url}node2/v1/files/{id}?kind=manifest&len={Content.Length}"
            ),
            ["metadata"] = new JsonObject
            {
                ["name"] = "big.bin",
                ["size"] = Content.Length,
                ["version_id"] = "v1",
            },
        };
    }

    private async Task GetAsync(HttpContext http)
    {
        if (http.Request.Headers.Accept == "application/vnd.fileshare.manifest")
        {
            await http.Response.Body.WriteAsync(Manifest!.ToBody());
            return;
        }

        var (from, to) = Range(http);
        http.Response.StatusCode = 206;
        http.Response.Headers.ContentRange = $"bytes {from}-{to}/{Content.Length}";
        await http.Response.Body.WriteAsync(Content.AsMemory(from, to - from + 1));
    }

    public static (int From, int To) Range(HttpContext http)
    {
        var bounds = http.Request.Headers.Range.ToString()["bytes=".Length..].Split('-');
        return (int.Parse(bounds[0], CultureInfo.InvariantCulture), int.Parse(bounds[1], CultureInfo.InvariantCulture));
    }

    private static async Task<JsonObject> BodyAsync(HttpContext http) =>
        (await JsonSerializer.DeserializeAsync<JsonObject>(http.Request.Body))!;

    private static Task WriteAsync(HttpContext http, JsonObject reply)
    {
        http.Response.ContentType = "application/json";
        return http.Response.WriteAsync(reply.ToJsonString());
    }
}
