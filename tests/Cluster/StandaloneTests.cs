using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using FileSharing.Chunks;

namespace FileSharing.ClusterTests;

/// <summary>One Standalone for the tests of this class, which leave each other's files alone.</summary>
public sealed class StandaloneFixture : IAsyncLifetime
{
    internal Deployment Deployment { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Deployment = await Deployment.StartAsync(isCluster: false);

    public ValueTask DisposeAsync() => Deployment.DisposeAsync();
}

public sealed class StandaloneTests(StandaloneFixture fixture) : IClassFixture<StandaloneFixture>
{
    /// <summary>A real tree of a few thousand files: a part of the SDK that builds this.</summary>
    private static readonly string Tree = Path.Combine(
        Path.GetDirectoryName(Path.GetDirectoryName(Path.GetDirectoryName(typeof(object).Assembly.Location)))!,
        "..",
        "packs"
    );

    private Deployment Product => fixture.Deployment;

    private static async Task AssertSameTreeAsync(string left, string right)
    {
        var diff = await Shell.RunAsync("diff", ["-r", left, right]);
        Assert.True(diff.Code == 0, diff.Output + diff.Errors);
    }

    [Fact]
    public async Task A_real_tree_goes_up_and_comes_back_the_same_and_takes_no_space_for_the_next_user()
    {
        var tree = Path.GetFullPath(Tree);
        var ann = await Product.AddUserAsync("ann");
        (await ann.CliAsync("put", tree, "/tree")).Succeeded();
        (await ann.CliAsync("get", "/tree", Product.PathOf("tree-of-ann"))).Succeeded();
        await AssertSameTreeAsync(tree, Product.PathOf("tree-of-ann"));

        var before = await Product.StatusAsync("stored_bytes");
        var bob = await Product.AddUserAsync("bob");
        (await bob.CliAsync("put", tree, "/elsewhere/mine")).Succeeded();
        var after = await Product.StatusAsync("stored_bytes");
        (await bob.CliAsync("get", "/elsewhere/mine", Product.PathOf("tree-of-bob"))).Succeeded();

        await AssertSameTreeAsync(tree, Product.PathOf("tree-of-bob"));
        Assert.InRange(after, before, before * 1.01);
        var status = await Product.StatusAsync();
        Assert.Equal(0, status.GetProperty("missing").GetInt64());
        Assert.Equal(0, status.GetProperty("under_replicated").GetInt64());
    }

    [Fact]
    public async Task Text_is_stored_at_less_than_half_its_size()
    {
        var carol = await Product.AddUserAsync("carol");
        var text = Product.PathOf("corpus.txt");
        var random = new Random(7);
        var words = File.ReadAllText(Path.Combine(Shell.Root, "docs", "segment-format.md"))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries);
        await File.WriteAllLinesAsync(
            text,
            Enumerable
                .Range(0, 400_000)
                .Select(_ => string.Join(' ', Enumerable.Range(0, 10).Select(_ => words[random.Next(words.Length)])))
        );
        var before = await Product.StatusAsync("stored_bytes");

        (await carol.CliAsync("put", text, "/corpus.txt")).Succeeded();

        var stored = await Product.StatusAsync("stored_bytes") - before;
        var copies = 3 * new FileInfo(text).Length;
        Assert.True(stored < copies / 2, $"{stored} bytes stored for three copies of {copies / 3}");
    }

    [Fact]
    public async Task Curl_alone_uploads_the_parts_of_split_and_downloads_ranges()
    {
        const int partBytes = 16 << 20;
        var dave = await Product.AddUserAsync("dave");
        var file = await Product.RandomFileAsync("hundred.bin", 100_000_000, seed: 1);
        (await Shell.RunAsync("split", ["-b", $"{partBytes}", "-d", file, Product.PathOf("part-")])).Succeeded();

        var session = await CurlJsonAsync(
            dave,
            "/files/upload",
            "--data-binary",
            $$"""{"metadata":{"name":"hundred.bin","size":100000000,"type":"application/octet-stream"},"part_size":{{partBytes}}}"""
        );
        var urls = session.GetProperty("upload_urls").EnumerateArray().Select(url => url.GetString()!).ToList();
        Assert.Equal(6, urls.Count);
        for (var i = 0; i < urls.Count; i++)
        {
            (await Shell.RunAsync("curl", ["-fsS", "-T", Product.PathOf($"part-{i:D2}"), urls[i]])).Succeeded();
        }

        var done = await CurlJsonAsync(
            dave,
            $"/files/upload/{session.GetProperty("upload_id").GetString()}/complete",
            "-X",
            "POST"
        );
        var url = (await dave.DownloadUrlAsync(done.GetProperty("file_id").GetString()!)).ToString();
        (
            await Shell.RunAsync(
                "curl",
                ["-fsS", "-o", Product.PathOf("range"), "-H", "Range: bytes=33554000-50000000", url]
            )
        ).Succeeded();
        (await Shell.RunAsync("curl", ["-fsS", "-o", Product.PathOf("whole"), url])).Succeeded();
        var multi = await Shell.RunAsync(
            "curl",
            ["-fsS", "-D", "-", "-o", Product.PathOf("multi"), "-H", "Range: bytes=0-99,-100", url]
        );

        var bytes = await File.ReadAllBytesAsync(file);
        Assert.Equal(bytes[33_554_000..50_000_001], await File.ReadAllBytesAsync(Product.PathOf("range")));
        Assert.Equal(SHA256.HashData(bytes), SHA256.HashData(await File.ReadAllBytesAsync(Product.PathOf("whole"))));
        Assert.Contains("206 Partial", multi.Succeeded(), StringComparison.Ordinal);
        Assert.Contains("multipart/byteranges", multi.Output, StringComparison.Ordinal);
        var parts = await File.ReadAllBytesAsync(Product.PathOf("multi"));
        Assert.True(
            parts.AsSpan().IndexOf(bytes.AsSpan(0, 100)) > 0 && parts.AsSpan().IndexOf(bytes.AsSpan(^100..)) > 0
        );
    }

    private async Task<JsonElement> CurlJsonAsync(User user, string path, params string[] more)
    {
        string[] arguments =
        [
            "-fsS",
            "-H",
            $"Authorization: Bearer {user.Token}",
            "-H",
            "Content-Type: application/json",
            .. more,
            new Uri(Product.Url, path).ToString(),
        ];
        return JsonDocument.Parse((await Shell.RunAsync("curl", arguments)).Succeeded()).RootElement;
    }

    [Fact]
    public async Task Naming_the_hash_of_somebody_else_s_chunk_gives_nothing()
    {
        var erin = await Product.AddUserAsync("erin");
        var mallory = await Product.AddUserAsync("mallory");
        var secret = RandomNumberGenerator.GetBytes(50_000);
        await File.WriteAllBytesAsync(Product.PathOf("secret"), secret);
        (await erin.CliAsync("put", Product.PathOf("secret"), "/secret")).Succeeded();
        var known = ChunkId.OfChunk(secret).ToString();
        var absent = ChunkId.OfChunk(RandomNumberGenerator.GetBytes(10)).ToString();

        var (_, ofKnown) = await OpenAsync(mallory, "known", known, secret.Length);
        var (_, ofAbsent) = await OpenAsync(mallory, "absent", absent, secret.Length);
        var (complete, _) = await mallory.CallAsync(
            HttpMethod.Post,
            $"/files/upload/{ofKnown.GetProperty("upload_id").GetString()}/complete"
        );

        Assert.Equal(409, complete);
        Assert.Equal(404, (await mallory.CallAsync(HttpMethod.Get, "/files/by-path?path=/known")).Status);
        Assert.Equal("not-uploaded", ofKnown.GetProperty("parts")[0].GetProperty("status").GetString());
        Assert.Equal(Shape(ofAbsent), Shape(ofKnown));

        // Having named it once is no claim either: a second session gets the same answer.
        var (_, again) = await OpenAsync(mallory, "again", known, secret.Length);
        Assert.Equal("not-uploaded", again.GetProperty("parts")[0].GetProperty("status").GetString());
    }

    private static Task<(int Status, JsonElement Body)> OpenAsync(User user, string name, string chunkId, int size) =>
        user.CallAsync(
            HttpMethod.Post,
            "/files/upload",
            new
            {
                metadata = new
                {
                    name,
                    size,
                    type = "text/plain",
                },
                chunks = new[] { new { id = chunkId, size } },
            }
        );

    /// <summary>An answer without what differs between any two sessions: ids, signatures and times.</summary>
    private static string Shape(JsonElement answer) =>
        Regex.Replace(
            answer.GetRawText(),
            "[0-9a-f]{64}|[0-9a-f-]{36}|sig=[^\"]*|iat=\\d+|exp=\\d+|\"expires_at\":\"[^\"]*|:\\d{5}/",
            "x"
        );

    [Fact]
    public async Task A_viewer_reads_an_editor_writes_and_a_stranger_sees_nothing()
    {
        var owner = await Product.AddUserAsync("frank");
        var viewer = await Product.AddUserAsync("grace");
        var stranger = await Product.AddUserAsync("heidi");
        var file = await Product.RandomFileAsync("shared.bin", 3_000_000, seed: 2);
        (await owner.CliAsync("put", file, "/shared.bin")).Succeeded();
        var id = await owner.IdOfAsync("/shared.bin");
        (await owner.CliAsync("share", "/shared.bin", "--with", viewer.Email, "--as", "viewer")).Succeeded();

        (await viewer.CliAsync("get", $"id:{id}", Product.PathOf("of-viewer"))).Succeeded();
        var range = await viewer.CliAsync("cat", $"id:{id}", "--range", "0-9");
        Assert.Equal(await File.ReadAllBytesAsync(file), await File.ReadAllBytesAsync(Product.PathOf("of-viewer")));
        Assert.Equal(0, range.Code);
        Assert.Equal(403, (await viewer.CallAsync(HttpMethod.Patch, $"/files/{id}", new { name = "mine" })).Status);
        Assert.Equal(403, (await viewer.CallAsync(HttpMethod.Delete, $"/files/{id}")).Status);
        foreach (var (method, path) in CallsOn(id))
        {
            Assert.Equal(
                (path, 404),
                (
                    path,
                    (
                        await stranger.CallAsync(
                            method,
                            path,
                            new
                            {
                                name = "x",
                                file_id = id,
                                shared_with = stranger.Email,
                                permissions = "viewer",
                            }
                        )
                    ).Status
                )
            );
        }

        (await owner.CliAsync("unshare", "/shared.bin", "--with", viewer.Email)).Succeeded();
        Assert.Equal(404, (await viewer.CallAsync(HttpMethod.Get, $"/files/download/{id}")).Status);
    }

    private static IEnumerable<(HttpMethod Method, string Path)> CallsOn(string id) =>
        [
            (HttpMethod.Get, $"/files/download/{id}"),
            (HttpMethod.Get, $"/files/metadata/{id}"),
            (HttpMethod.Get, $"/files/{id}/shares"),
            (HttpMethod.Patch, $"/files/{id}"),
            (HttpMethod.Delete, $"/files/{id}"),
            (HttpMethod.Post, "/files/share"),
            (HttpMethod.Get, $"/folders/{id}/children"),
        ];

    [Fact]
    public async Task A_file_of_no_bytes_an_empty_folder_and_a_name_in_many_scripts_come_back()
    {
        var ivan = await Product.AddUserAsync("ivan");
        var folder = Directory.CreateDirectory(Product.PathOf("odd")).FullName;
        Directory.CreateDirectory(Path.Combine(folder, "empty"));
        await File.WriteAllBytesAsync(Path.Combine(folder, "nothing"), []);
        await File.WriteAllTextAsync(Path.Combine(folder, "naïve — 名前 %2F&?#.txt"), "x");

        (await ivan.CliAsync("put", folder, "/odd")).Succeeded();
        (await ivan.CliAsync("get", "/odd", Product.PathOf("odd-back"))).Succeeded();

        await AssertSameTreeAsync(folder, Product.PathOf("odd-back"));
    }

    [Fact]
    public async Task A_second_process_on_the_same_data_is_refused_and_the_first_goes_on()
    {
        var second = await Shell.RunAsync(
            Path.Combine(Shell.Root, "artifacts", "bin", "standalone"),
            ["--data", Product.Data, "--port", (Product.Port + 5).ToString(CultureInfo.InvariantCulture)]
        );

        Assert.NotEqual(0, second.Code);
        Assert.Contains("in use", second.Errors, StringComparison.Ordinal);
        Assert.Equal(200, (await Product.Admin.CallAsync(HttpMethod.Get, "/health/ready")).Status);
    }

    [Theory]
    [InlineData("--port", "99999", "ort")]
    [InlineData("--nodes", "2", "odes")]
    public async Task A_setting_that_makes_no_sense_is_named_and_nothing_starts(
        string option,
        string value,
        string named
    )
    {
        var refused = await Shell.RunAsync(
            Path.Combine(Shell.Root, "artifacts", "bin", "standalone"),
            ["--data", Product.PathOf("never"), option, value]
        );

        Assert.Equal(2, refused.Code);
        Assert.Contains(named, refused.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_interface_is_described_and_can_be_browsed()
    {
        var (status, document) = await Product.Admin.CallAsync(HttpMethod.Get, "/openapi/v1.json");

        Assert.Equal(200, status);
        Assert.True(document.GetProperty("paths").TryGetProperty("/files/upload", out _));
        Assert.Contains(
            "<html",
            Encoding.UTF8.GetString(await Product.Http.GetByteArrayAsync(new Uri(Product.Url, "/docs/index.html"))),
            StringComparison.OrdinalIgnoreCase
        );
    }
}
