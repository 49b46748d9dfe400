using System.Text;
using System.Text.Json;
using FileSharing.Cli;
using FileSharing.UnitTests.Client;
using Microsoft.AspNetCore.Http;

namespace FileSharing.UnitTests.Cli;

public sealed class LossCommandTests : IDisposable
{
    private const string Losses = """
        {"items":[
         {"id":"aa","kind":"chunk","size":1048576,"partition":7,"may_be_on":[],"files_total":2,"files":[
          {"file_id":"00000001-0000-0000-0000-000000000000","version_id":"00000002-0000-0000-0000-000000000000","owner":"ann@x.org","path":"/a.jpg","current":true,"trashed":false},
          {"file_id":"00000003-0000-0000-0000-000000000000","version_id":"00000004-0000-0000-0000-000000000000","owner":"ben@x.org","path":"/b.jpg","current":false,"trashed":true}]},
         {"id":"bb","kind":"manifest","partition":7,"may_be_on":[],"files_total":1,"files":[
          {"file_id":"00000001-0000-0000-0000-000000000000","version_id":"00000002-0000-0000-0000-000000000000","owner":"ann@x.org","path":"/a.jpg","current":true,"trashed":false}]},
         {"id":"cc","kind":"chunk","size":5,"partition":8,"may_be_on":["5/1"],"files_total":0,"files":[]}]}
        """;

    private const string Plan = """
        {"plan":"00ff","moves":12,"moves_min":10,"bytes":2048,"estimate_seconds":1,"repair_bytes_per_second":1024,"volumes":[]}
        """;

    private readonly StringWriter output = new();
    private readonly StringWriter error = new();
    private readonly List<string> calls = [];

    public void Dispose()
    {
        output.Dispose();
        error.Dispose();
    }

    [Fact]
    public async Task What_is_lost_is_said_first_and_what_may_be_elsewhere_is_told_apart()
    {
        Assert.Equal(0, await RunAsync("", isTerminal: false, ["accept-loss", "2/1", "3/1", "--yes"]));

        Assert.Equal(
            """
            Lost: 2 chunks and manifests (1 MiB) of 2 files have no copy elsewhere.
            Not known: 1 more may be on volumes that are away and are not given up: 5/1.
              ann@x.org:/a.jpg
              ben@x.org:/b.jpg  (in the trash)  (an earlier version)

            """,
            output.ToString()
        );
        Assert.Equal(
            [
                "GET /admin/layout/losses?limit=1000&volume=2%2F1&volume=3%2F1 ",
                """POST /admin/layout/accept-loss {"volumes":["2/1","3/1"]}""",
            ],
            calls
        );
    }

    [Theory]
    [InlineData("yes\n", 0, 2)]
    [InlineData("y\n", 1, 1)]
    [InlineData("", 1, 1)]
    public async Task Nothing_is_given_up_before_a_person_has_typed_yes(string typed, int exitCode, int callsMade)
    {
        Assert.Equal(exitCode, await RunAsync(typed, isTerminal: true, ["accept-loss", "2/1"]));

        Assert.Equal(callsMade, calls.Count);
        Assert.Contains("Go on without 2/1? Type yes: ", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Losses_only_looks_and_json_lists_everything()
    {
        Assert.Equal(0, await RunAsync("", isTerminal: false, ["losses", "--json"]));

        Assert.Equal(["GET /admin/layout/losses?limit=1000 "], calls);
        using var document = JsonDocument.Parse(output.ToString());
        var items = document.RootElement.GetProperty("items");
        Assert.Equal([0, 0, 1], items.EnumerateArray().Select(item => item.GetProperty("may_be_on").GetArrayLength()));
        Assert.Equal("/b.jpg", items[0].GetProperty("files")[1].GetProperty("path").GetString());
    }

    [Theory]
    [InlineData(false, "2/1")]
    [InlineData(true, "2/1", "--json")]
    public async Task Where_nobody_can_be_asked_nothing_is_done_without_yes(bool isTerminal, params string[] words)
    {
        Assert.Equal(2, await RunAsync("yes\n", isTerminal, ["accept-loss", .. words]));

        Assert.Empty(calls);
        Assert.Contains("admin layout losses", error.ToString(), StringComparison.Ordinal);
    }

    private async Task<int> RunAsync(string typed, bool isTerminal, string[] words)
    {
        await using var server = await LoopbackServer.StartAsync(async http =>
        {
            using var body = new StreamReader(http.Request.Body);
            calls.Add(
                $"{http.Request.Method} {http.Request.Path}{http.Request.QueryString} {await body.ReadToEndAsync()}"
            );
            await http.Response.WriteAsync(http.Request.Method == "GET" ? Losses : Plan);
        });
        var host = new CliHost
        {
            Out = output,
            Error = error,
            OpenStandardInput = () => new MemoryStream(Encoding.UTF8.GetBytes(typed)),
            OpenStandardOutput = () => Stream.Null,
            IsInputTerminal = isTerminal,
            Environment = name =>
                name switch
                {
                    CredentialStore.UrlVariable => server.Url.ToString(),
                    CredentialStore.TokenVariable => "token",
                    _ => null,
                },
        };
        return await CommandLine.RunAsync(["admin", "layout", .. words], host);
    }
}
