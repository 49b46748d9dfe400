using FileSharing.Cli;
using FileSharing.UnitTests.Client;
using Microsoft.AspNetCore.Http;

namespace FileSharing.UnitTests.Cli;

public sealed class EncryptionCommandTests : IDisposable
{
    private readonly StringWriter output = new();
    private readonly StringWriter error = new();

    public void Dispose()
    {
        output.Dispose();
        error.Dispose();
    }

    [Fact]
    public async Task Status_shows_each_key_what_lies_under_old_ones_and_which_nodes_are_waited_for()
    {
        await using var server = await LoopbackServer.StartAsync(http =>
            http.Response.WriteAsync(
                """
                {"is_encrypted":true,"active_key":2,"old_records":1207,"unencrypted_records":7,"keys":[
                  {"key_id":1,"created_at":"2026-01-02T03:04:05Z","state":"old","records":1200},
                  {"key_id":2,"created_at":"2026-02-02T03:04:05Z","state":"active","records":9},
                  {"key_id":3,"created_at":"2026-03-02T03:04:05Z","state":"pending","records":0}],
                 "waiting_for":["rack-1","rack-2"],"not_counted":["rack-2","rack-1/2"]}
                """
            )
        );

        Assert.Equal(0, await RunAsync(server, "status"));

        Assert.Equal(
            """
            KEY  CREATED               STATE    RECORDS
              1  2026-01-02 03:04:05Z  old         1200
              2  2026-02-02 03:04:05Z  active         9
              3  2026-03-02 03:04:05Z  pending        0
            1207 records lie under old keys.
            7 of them are not encrypted.
            Waiting for these nodes to store the pending key: rack-1, rack-2
            Not counted, because these nodes do not answer or these volumes are not open: rack-2, rack-1/2

            """,
            output.ToString()
        );
    }

    [Fact]
    public async Task Rotate_sends_one_idempotent_call_and_returns_when_the_key_is_in_use()
    {
        var rotations = 0;
        var questions = 0;
        await using var server = await LoopbackServer.StartAsync(http =>
        {
            if (http.Request.Method == "POST")
            {
                Interlocked.Increment(ref rotations);
                Assert.NotEmpty(http.Request.Headers["Idempotency-Key"].ToString());
                http.Response.StatusCode = 201;
                return http.Response.WriteAsync(Key(2, "pending"));
            }

            var active = Interlocked.Increment(ref questions) < 3 ? 1 : 2;
            return http.Response.WriteAsync(
                $$"""{"is_encrypted":true,"active_key":{{active}},"keys":[{{Key(2, active == 2 ? "active" : "pending")}}],"waiting_for":[],"not_counted":[]}"""
            );
        });

        Assert.Equal(0, await RunAsync(server, "rotate"));

        Assert.Equal((1, 3), (rotations, questions));
        Assert.Contains("Data key 2 seals new records.", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rotate_while_a_key_is_pending_exits_with_1_and_what_the_server_says()
    {
        await using var server = await LoopbackServer.StartAsync(http =>
        {
            http.Response.StatusCode = 409;
            http.Response.ContentType = "application/problem+json";
            return http.Response.WriteAsync(
                """{"type":"urn:fileshare:error:rotation-under-way","detail":"Data key 3 is on its way."}"""
            );
        });

        Assert.Equal(1, await RunAsync(server, "rotate"));
        Assert.Contains("Data key 3 is on its way.", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_encryption_status_says_so()
    {
        await using var server = await LoopbackServer.StartAsync(http =>
            http.Response.WriteAsync(
                """{"is_encrypted":false,"active_key":0,"keys":[],"waiting_for":[],"not_counted":[]}"""
            )
        );

        Assert.Equal(0, await RunAsync(server, "status"));
        Assert.StartsWith("Nothing is encrypted", output.ToString(), StringComparison.Ordinal);
    }

    private static string Key(int id, string state) =>
        $$"""{"key_id":{{id}},"created_at":"2026-01-02T03:04:05Z","state":"{{state}}","records":0}""";

    private Task<int> RunAsync(LoopbackServer server, string verb)
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
        return CommandLine.RunAsync(["admin", "encryption", verb], host);
    }
}
