using FileSharing.Cli;
using FileSharing.UnitTests.Client;
using Microsoft.AspNetCore.Http;

namespace FileSharing.UnitTests.Cli;

public sealed class LayoutCommandTests : IDisposable
{
    private const string Layout = """
        {"layout_id":3,"author":"admin@localhost","reason":"add 4/1","created_at":"2026-01-02T03:04:05Z","map_version":9,"floor":8,
         "repair_bytes_per_second":67108864,
         "members":[
          {"volume":"1/1","volume_id":"00000001-0000-0000-0000-000000000000","node":"1","zone":"a","weight":1,"share":0.75,"partitions":12288,"partitions_wanted":12288,"bytes":1048576,"state":"up"},
          {"volume":"4/1","volume_id":"00000004-0000-0000-0000-000000000000","node":"4","zone":"b","weight":2.5,"share":0.25,"partitions":256,"partitions_wanted":12288,"bytes":null,"state":"down"}],
         "moves":{"under_way":256,"waiting":11776,"bytes_left":1073741824,"estimate_seconds":16},
         "staged":{"author":"admin@localhost","reason":"drain 1/1","created_at":"2026-01-02T03:04:05Z","members":[]}}
        """;

    private const string Plan = """
        {"plan":"00ff","moves":12,"moves_min":10,"bytes":2048,"estimate_seconds":90000,"repair_bytes_per_second":1024,
         "volumes":[{"volume":"4/1","volume_id":"00000004-0000-0000-0000-000000000000","weight":2.5,"partitions_before":0,"partitions_after":12,"gains":12,"losses":0,"bytes_in":2048}]}
        """;

    private readonly StringWriter output = new();
    private readonly StringWriter error = new();

    public void Dispose()
    {
        output.Dispose();
        error.Dispose();
    }

    [Fact]
    public async Task Show_lists_the_members_what_moves_and_what_is_staged()
    {
        await using var server = await LoopbackServer.StartAsync(http => http.Response.WriteAsync(Layout));

        Assert.Equal(0, await RunAsync(server, "layout", "show"));

        Assert.Equal(
            """
            VOLUME  NODE  ZONE  WEIGHT    SHARE  PARTITIONS  WANTED  BYTES  STATE
            1/1     1     a          1  75.00 %       12288   12288  1 MiB  up
            4/1     4     b        2.5  25.00 %         256   12288      ?  down
            Layout 3 by admin@localhost: add 4/1
            256 moves under way, 11776 waiting, 1 GiB left, at least 16 s at 64 MiB/s a volume
            Staged by admin@localhost: drain 1/1

            """,
            output.ToString()
        );
    }

    [Theory]
    [InlineData(new[] { "add", "4/1", "--weight", "2.5" }, """{"operation":"add","volume":"4/1","weight":2.5}""")]
    [InlineData(new[] { "add", "4/1" }, """{"operation":"add","volume":"4/1"}""")]
    [InlineData(new[] { "remove", "4/1" }, """{"operation":"remove","volume":"4/1"}""")]
    [InlineData(new[] { "reweight", "4/1", "3" }, """{"operation":"reweight","volume":"4/1","weight":3}""")]
    [InlineData(new[] { "drain", "4/1" }, """{"operation":"drain","volume":"4/1"}""")]
    public async Task Changes_are_staged_and_say_what_is_to_do_next(string[] words, string body)
    {
        var sent = "";
        await using var server = await LoopbackServer.StartAsync(async http =>
        {
            Assert.Equal("/admin/layout/changes", http.Request.Path);
            using var reader = new StreamReader(http.Request.Body);
            sent = await reader.ReadToEndAsync();
            await http.Response.WriteAsync(Layout);
        });

        Assert.Equal(0, await RunAsync(server, ["layout", .. words]));

        Assert.Equal(body, sent);
        Assert.Contains("Staged: drain 1/1.", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Plan_prints_what_moves_and_how_to_apply_it()
    {
        await using var server = await LoopbackServer.StartAsync(http => http.Response.WriteAsync(Plan));

        Assert.Equal(0, await RunAsync(server, "layout", "plan"));

        Assert.Equal(
            """
            VOLUME  WEIGHT  PARTITIONS  THEN  GETS  GIVES  FETCHES
            4/1        2.5           0    12    12      0    2 KiB
            12 partition replicas move (at least 10 must), 2 KiB, at least 1.01:00:00 at 1 KiB/s a volume

            """,
            output.ToString()
        );
        Assert.Contains("fileshare admin layout apply --plan 00ff", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Apply_names_the_plan_and_a_plan_that_holds_no_more_exits_with_1()
    {
        var sent = "";
        await using var server = await LoopbackServer.StartAsync(async http =>
        {
            using var reader = new StreamReader(http.Request.Body);
            sent = await reader.ReadToEndAsync();
            http.Response.StatusCode = 409;
            http.Response.ContentType = "application/problem+json";
            await http.Response.WriteAsync(
                """{"type":"urn:fileshare:error:plan-changed","detail":"Look at the new plan."}"""
            );
        });

        Assert.Equal(1, await RunAsync(server, "layout", "apply", "--plan", "00ff"));

        Assert.Equal("""{"plan":"00ff"}""", sent);
        Assert.Contains("Look at the new plan.", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Revert_says_what_it_threw_away()
    {
        await using var server = await LoopbackServer.StartAsync(http =>
            http.Response.WriteAsync("""{"reverted":"staged","reason":"drain 1/1"}""")
        );

        Assert.Equal(0, await RunAsync(server, "layout", "revert"));
        Assert.Contains("Threw away what was staged: drain 1/1", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_budget_is_shown_and_set()
    {
        var methods = new List<string>();
        await using var server = await LoopbackServer.StartAsync(async http =>
        {
            using var body = new StreamReader(http.Request.Body);
            methods.Add($"{http.Request.Method} {await body.ReadToEndAsync()}");
            await http.Response.WriteAsync("""{"bytes_per_second":1048576,"share":0.5}""");
        });

        Assert.Equal(0, await RunAsync(server, "repair", "budget"));
        Assert.Equal(0, await RunAsync(server, "repair", "budget", "1048576"));
        Assert.Equal(0, await RunAsync(server, "repair", "budget", "--share", "12.5%"));

        Assert.Equal(["GET ", """PUT {"bytes_per_second":1048576}""", """PUT {"share":0.125}"""], methods);
        Assert.StartsWith(
            "1048576 (1 MiB/s a volume), at most 50 % of its time",
            output.ToString(),
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("half")]
    [InlineData("50")]
    [InlineData("101%")]
    [InlineData("0%")]
    public async Task A_share_that_is_none_is_refused_before_anything_is_asked(string share)
    {
        await using var server = await LoopbackServer.StartAsync(_ => throw new InvalidOperationException("Asked."));

        Assert.Equal(2, await RunAsync(server, "repair", "budget", "--share", share));
        Assert.Contains("as 50%", error.ToString(), StringComparison.Ordinal);
    }

    private Task<int> RunAsync(LoopbackServer server, params string[] words)
    {
        var host = new CliHost
        {
            Out = output,
            Error = error,
            OpenStandardInput = () => Stream.Null,
            OpenStandardOutput = () => Stream.Null,
            Environment = name =>
                name switch
                {
                    CredentialStore.UrlVariable => server.Url.ToString(),
                    CredentialStore.TokenVariable => "token",
                    _ => null,
                },
        };
        return CommandLine.RunAsync(["admin", .. words], host);
    }
}
