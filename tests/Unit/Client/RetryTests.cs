using FileSharing.Client;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace FileSharing.UnitTests.Client;

public sealed class RetryTests
{
    [Theory]
    [InlineData(429)]
    [InlineData(502)]
    [InlineData(503)]
    [InlineData(504)]
    public async Task What_passes_by_itself_is_tried_again_under_the_same_idempotency_key(int status)
    {
        var keys = new List<string>();
        await using var server = await LoopbackServer.StartAsync(async http =>
        {
            keys.Add(http.Request.Headers["Idempotency-Key"].ToString());
            if (keys.Count < 3)
            {
                http.Response.Headers.RetryAfter = "0";
                await ScriptedCluster.ProblemAsync(http, status, "busy");
                return;
            }

            await http.Response.WriteAsync("""{"folder_id":"d1"}""");
        });
        using var client = new FileShareClient(new FileShareClientOptions { Url = server.Url });

        Assert.Equal("d1", await client.CreateFolderAsync("a"));

        Assert.Equal(3, keys.Count);
        Assert.Single(keys.Distinct());
        Assert.NotEqual("", keys[0]);
    }

    [Theory]
    [InlineData(401)]
    [InlineData(404)]
    [InlineData(409)]
    [InlineData(500)]
    public async Task What_stays_wrong_is_told_at_once(int status)
    {
        var requests = 0;
        await using var server = await LoopbackServer.StartAsync(http =>
        {
            requests++;
            return ScriptedCluster.ProblemAsync(http, status, "no");
        });
        using var client = new FileShareClient(new FileShareClientOptions { Url = server.Url });

        var error = await Assert.ThrowsAsync<FileShareException>(() => client.CreateFolderAsync("a"));

        Assert.Equal(1, requests);
        Assert.Equal((status, "It is no.", "t1"), (error.Status, error.Message, error.TraceId));
    }

    [Fact]
    public async Task A_longer_wait_than_anyone_waits_for_is_told_at_once()
    {
        var requests = 0;
        await using var server = await LoopbackServer.StartAsync(http =>
        {
            requests++;
            http.Response.Headers.RetryAfter = "3600";
            return ScriptedCluster.ProblemAsync(http, 429, "slow-down");
        });
        using var client = new FileShareClient(new FileShareClientOptions { Url = server.Url });

        var error = await Assert.ThrowsAsync<FileShareException>(() => client.CreateFolderAsync("a"));

        Assert.Equal(1, requests);
        Assert.Equal(TimeSpan.FromHours(1), error.RetryAfter);
    }

    [Fact]
    public async Task A_page_that_is_not_ours_is_named_as_such()
    {
        await using var server = await LoopbackServer.StartAsync(http => http.Response.WriteAsync("<html>"));
        using var client = new FileShareClient(new FileShareClientOptions { Url = server.Url });

        var error = await Assert.ThrowsAsync<FileShareException>(() => client.GetMeAsync());

        Assert.Equal(ErrorTypes.UnexpectedReply, error.Type);
    }

    [Fact]
    public async Task The_token_goes_to_the_api_and_never_to_a_node()
    {
        await using var cluster = await ScriptedCluster.StartAsync();
        var withToken = new List<bool>();
        cluster.BeforeNode = (_, http) =>
        {
            withToken.Add(http.Request.Headers.Authorization.Count > 0);
            return Task.FromResult(false);
        };
        cluster.BeforeApi = http =>
        {
            Assert.Equal("Bearer token", http.Request.Headers.Authorization);
            return Task.FromResult(false);
        };
        using var client = cluster.Client();

        await client.UploadAsync(new MemoryStream(UploadTests.Bytes(10)), 10, new() { Name = "a" });

        Assert.Equal([false], withToken);
    }
}
