using System.Text.Json;
using FileSharing.Cli;
using FileSharing.UnitTests.Client;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace FileSharing.UnitTests.Cli;

public sealed class CommandLineTests : IDisposable
{
    private readonly DirectoryInfo home = Directory.CreateTempSubdirectory("fileshare-cli-");
    private readonly Dictionary<string, string> environment;
    private readonly StringWriter output = new();
    private readonly StringWriter error = new();

    public CommandLineTests() => environment = new() { ["XDG_CONFIG_HOME"] = home.FullName };

    private string CredentialsFile => Path.Combine(home.FullName, "fileshare", "credentials.json");

    public void Dispose()
    {
        home.Delete(recursive: true);
        output.Dispose();
        error.Dispose();
    }

    [Theory]
    [InlineData("bogus")]
    [InlineData("rm")]
    [InlineData("ls a/b")]
    [InlineData("ls")]
    [InlineData("share /a --with b --as god")]
    [InlineData("put - /")]
    [InlineData("put /no/such/file /a")]
    [InlineData("cat /a --range 9-8")]
    [InlineData("login ftp://x --user a --password-file -")]
    [InlineData("login http://x --user a")]
    public async Task What_cannot_be_meant_exits_with_2_and_one_line(string line)
    {
        Assert.Equal(2, await RunAsync(line));
        Assert.Equal("", output.ToString());
        Assert.Single(error.ToString().Trim().Split('\n'));
        Assert.StartsWith("fileshare: ", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_json_a_usage_error_is_a_problem_document()
    {
        Assert.Equal(2, await RunAsync("rm --json"));
        using var problem = JsonDocument.Parse(error.ToString());
        Assert.Equal("urn:fileshare:error:usage", problem.RootElement.GetProperty("type").GetString());
    }

    [Fact]
    public async Task Login_keeps_the_token_for_its_owner_only_and_logout_forgets_it()
    {
        await using var server = await LoopbackServer.StartAsync(http =>
            http.Response.WriteAsync("""{"token":"secret","expires_at":"2030-01-01T00:00:00Z"}""")
        );

        Assert.Equal(0, await RunAsync($"login {server.Url} --user a@b --password-file -", "pass\n"));

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, new FileInfo(CredentialsFile).UnixFileMode);
        Assert.Contains("secret", await File.ReadAllTextAsync(CredentialsFile), StringComparison.Ordinal);
        Assert.DoesNotContain("secret", output.ToString() + error, StringComparison.Ordinal);
        Assert.Equal(0, await RunAsync("logout"));
        Assert.False(File.Exists(CredentialsFile));
    }

    [Fact]
    public async Task A_kept_token_is_not_sent_to_another_server()
    {
        new CredentialStore(environment.GetValueOrDefault).Write(
            new Credentials(new Uri("http://127.0.0.1:1"), "secret", "a@b")
        );
        environment[CredentialStore.UrlVariable] = "http://127.0.0.1:2";

        Assert.Equal(2, await RunAsync("ls"));
        Assert.Contains("not logged in at http://127.0.0.1:2", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refusal_of_the_server_exits_with_1_and_its_trace_id()
    {
        await using var server = await ServeAsync(http => ScriptedCluster.ProblemAsync(http, 403, "forbidden"));

        Assert.Equal(1, await RunAsync("ls /a"));
        Assert.Equal("fileshare: It is forbidden. (trace t1)\n", error.ToString());
    }

    [Fact]
    public async Task Some_failures_of_many_exit_with_3_and_are_named()
    {
        await using var server = await ServeAsync(http =>
            http.Request.Method == "GET" && http.Request.Query["path"] == "/bad"
                ? ScriptedCluster.ProblemAsync(http, 404, "not-found")
                : http.Response.WriteAsync("""{"metadata":{"file_id":"f1","name":"x","size":1}}""")
        );

        Assert.Equal(3, await RunAsync("rm /good /bad"));
        Assert.Contains("fileshare: /bad: ", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_is_not_deleted_without_r()
    {
        var deleted = 0;
        await using var server = await ServeAsync(http =>
        {
            deleted += http.Request.Method == "DELETE" ? 1 : 0;
            return http.Response.WriteAsync("""{"metadata":{"file_id":"d1","name":"x","kind":"folder"}}""");
        });

        Assert.Equal(1, await RunAsync("rm /x"));
        Assert.Equal(0, deleted);
        Assert.Equal(0, await RunAsync("rm -r /x"));
        Assert.Equal(1, deleted);
    }

    [Theory]
    [InlineData("../evil")]
    [InlineData("..")]
    [InlineData("a/b")]
    public async Task A_remote_name_that_leads_out_of_the_target_is_refused(string name)
    {
        await using var server = await ServeAsync(http =>
            http.Response.WriteAsync(
                http.Request.Path.Value switch
                {
                    "/folders/d1/children" => $$"""{"items":[{"file_id":"f1","name":"{{name}}","size":0}]}""",
                    "/files/download/f1" =>
                        """{"download_url":"http://node/v1/files/ID","metadata":{"size":0}}""".Replace(
                            "ID",
                            new string('0', 64),
                            StringComparison.Ordinal
                        ),
                    _ => """{"metadata":{"file_id":"d1","name":"x","kind":"folder"}}""",
                }
            )
        );
        var target = Path.Combine(home.FullName, "inside", "target");

        Assert.Equal(3, await RunAsync($"get /x {target}"));
        Assert.Contains("is not a safe file name", error.ToString(), StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(target));
        Assert.False(File.Exists(Path.Combine(home.FullName, "inside", "evil")));
    }

    [Fact]
    public async Task A_link_that_leads_out_of_the_folder_is_not_stored_and_exits_with_3()
    {
        var folder = home.CreateSubdirectory("source");
        File.CreateSymbolicLink(Path.Combine(folder.FullName, "passwd"), "/etc/passwd");
        await using var server = await ServeAsync(http =>
            http.Response.WriteAsync(
                http.Request.Path == "/folders/d1/children"
                    ? """{"items":[]}"""
                    : """{"metadata":{"file_id":"d1","name":"x","kind":"folder"}}"""
            )
        );

        Assert.Equal(3, await RunAsync($"put {folder.FullName} /x"));
        Assert.Contains("passwd: symbolic link", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Status_tells_why_a_node_is_away_and_which_volume_could_not_prove_what_it_lists()
    {
        await using var server = await ServeAsync(http =>
            http.Response.WriteAsync(
                """
                {"challenges_failed":3,"nodes":[
                {"name":"1","url":"http://a","state":"unreachable","reason":"Its clock is an hour ahead.","volumes":[]},
                {"name":"2","url":"http://b","state":"up","reason":null,"volumes":[
                {"name":"2/1","condition":"writable","owed":0,"damaged":0,"challenges_failed":3,"volume_id":"v21"},
                {"name":"2/2","condition":"writable","owed":0,"damaged":0,"challenges_failed":0,"volume_id":"v22"}]}]}
                """
            )
        );

        Assert.Equal(0, await RunAsync("admin status"));
        Assert.Contains("http://a  Its clock is an hour ahead.", output.ToString(), StringComparison.Ordinal);
        Assert.Contains("0 damaged, 3 NOT PROVED, v21", output.ToString(), StringComparison.Ordinal);
        Assert.Contains("0 damaged, v22", output.ToString(), StringComparison.Ordinal);
    }

    private async Task<LoopbackServer> ServeAsync(RequestDelegate answer)
    {
        var server = await LoopbackServer.StartAsync(answer);
        environment[CredentialStore.UrlVariable] = server.Url.ToString();
        environment[CredentialStore.TokenVariable] = "token";
        return server;
    }

    private Task<int> RunAsync(string line, string input = "")
    {
        var host = new CliHost
        {
            Out = output,
            Error = error,
            OpenStandardInput = () => new MemoryStream(System.Text.Encoding.UTF8.GetBytes(input)),
            OpenStandardOutput = () => new MemoryStream(),
            Environment = environment.GetValueOrDefault,
        };
        return CommandLine.RunAsync(line.Split(' '), host);
    }
}
