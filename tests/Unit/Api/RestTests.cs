using System.Net.Http.Json;
using System.Text.Json;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Signing;
using FileSharing.Cluster.Transport;
using FileSharing.Cluster.Wire;

namespace FileSharing.UnitTests.Api;

public sealed class RestTests(RunningApi api) : IClassFixture<RunningApi>
{
    [Theory]
    [InlineData("GET", "/users/me")]
    [InlineData("POST", "/files/upload")]
    [InlineData("GET", "/files/download/11111111-2222-3333-4444-555555555555")]
    [InlineData("POST", "/folders")]
    [InlineData("GET", "/folders/root/children")]
    [InlineData("GET", "/admin/status")]
    public async Task Call_without_a_login_is_401_before_its_body_is_looked_at(string method, string path)
    {
        var (status, problem) = await api.CallAsync(new HttpMethod(method), path, null);

        Assert.Equal(401, status);
        Assert.Equal("urn:fileshare:error:login-required", Type(problem));
        Assert.NotEmpty(problem.GetProperty("trace_id").GetString()!);
        Assert.Equal(401, (await api.CallAsync(new HttpMethod(method), path, "guessed")).Status);
    }

    [Fact]
    public async Task Administrator_calls_are_403_for_users()
    {
        var user = new
        {
            email = "x@x.org",
            name = "x",
            password = "12345678",
        };
        Assert.Equal(403, (await api.CallAsync(HttpMethod.Post, "/users", api.AliceToken, user)).Status);
        Assert.Equal(403, (await api.CallAsync(HttpMethod.Get, "/admin/status", api.AliceToken)).Status);
        Assert.Equal(403, (await api.CallAsync(HttpMethod.Post, "/admin/nodes/tokens", api.AliceToken)).Status);
        Assert.Equal(200, (await api.CallAsync(HttpMethod.Get, "/admin/status", api.AdminToken)).Status);
    }

    [Theory]
    [InlineData("alice@x.org", "password", 409)]
    [InlineData("ALICE@x.org", "password", 409)]
    [InlineData("no-address", "password", 400)]
    [InlineData("new@x.org", "short", 400)]
    public async Task User_that_cannot_be_is_refused(string email, string password, int expected)
    {
        var (status, _) = await api.CallAsync(
            HttpMethod.Post,
            "/users",
            api.AdminToken,
            new
            {
                email,
                name = "n",
                password,
            }
        );

        Assert.Equal(expected, status);
    }

    [Fact]
    public async Task Wrong_password_and_unknown_account_answer_alike()
    {
        foreach (var email in (string[])["bob@x.org", "nobody@x.org"])
        {
            var body = new { email, password = "wrong password" };
            var (status, problem) = await api.CallAsync(HttpMethod.Post, "/auth/login", null, body);
            Assert.Equal((401, "urn:fileshare:error:login-refused"), (status, Type(problem)));
        }
    }

    [Fact]
    public async Task Entry_without_a_right_answers_as_one_that_does_not_exist()
    {
        var folder = await api.FolderAsync(api.AliceToken, "private");

        var hidden = await api.CallAsync(HttpMethod.Get, $"/files/metadata/{folder}", api.BobToken);
        var absent = await api.CallAsync(HttpMethod.Get, $"/files/metadata/{Guid.CreateVersion7()}", api.BobToken);

        Assert.Equal((404, 404), (hidden.Status, absent.Status));
        Assert.Equal(hidden.Body.GetProperty("detail").GetString(), absent.Body.GetProperty("detail").GetString());
    }

    [Fact]
    public async Task Viewer_may_list_and_not_write_editor_may_write_and_not_share_and_an_ended_share_gives_nothing()
    {
        var folder = await api.FolderAsync(api.AliceToken, "shared");
        await ShareAsync(folder, "viewer");
        Assert.Equal(200, (await api.CallAsync(HttpMethod.Get, $"/folders/{folder}/children", api.BobToken)).Status);
        Assert.Equal(403, (await CreateInAsync(folder)).Status);

        var share = await ShareAsync(folder, "editor");
        Assert.Equal(201, (await CreateInAsync(folder)).Status);
        Assert.Equal(403, (await api.CallAsync(HttpMethod.Get, $"/files/{folder}/shares", api.BobToken)).Status);

        Assert.Equal(200, (await api.CallAsync(HttpMethod.Delete, $"/shares/{share}", api.AliceToken)).Status);
        Assert.Equal(404, (await CreateInAsync(folder)).Status);
    }

    [Fact]
    public async Task Repeated_creating_call_with_its_key_gives_the_first_answer()
    {
        var key = Guid.NewGuid().ToString();
        var body = new { name = "once" };
        var first = await api.CallAsync(HttpMethod.Post, "/folders", api.AliceToken, body, key);
        var again = await api.CallAsync(HttpMethod.Post, "/folders", api.AliceToken, body, key);
        var other = await api.CallAsync(HttpMethod.Post, "/folders", api.AliceToken, new { name = "two" }, key);

        Assert.Equal((201, 201, 409), (first.Status, again.Status, other.Status));
        Assert.Equal(first.Body.GetProperty("folder_id").GetString(), again.Body.GetProperty("folder_id").GetString());
        Assert.Equal(409, (await api.CallAsync(HttpMethod.Post, "/folders", api.AliceToken, body)).Status);
    }

    [Theory]
    [InlineData("{\"name\": \"a/b\"}")]
    [InlineData("{\"name\": \"..\"}")]
    [InlineData("{\"name\": 5}")]
    [InlineData("null")]
    public async Task Body_that_makes_no_sense_is_400_with_a_problem(string json)
    {
        var body = JsonDocument.Parse(json).RootElement;
        var (status, problem) = await api.CallAsync(HttpMethod.Post, "/folders", api.AliceToken, body);

        Assert.Equal((400, "urn:fileshare:error:invalid-request"), (status, Type(problem)));
    }

    [Fact]
    public async Task Upload_waits_until_enough_nodes_have_registered()
    {
        var body = new { metadata = new { name = "f", size = 1 } };
        var (status, problem) = await api.CallAsync(HttpMethod.Post, "/files/upload", api.AliceToken, body);

        Assert.Equal((503, "urn:fileshare:error:cluster-forming"), (status, Type(problem)));
        Assert.Equal(200, (await api.CallAsync(HttpMethod.Get, "/health/live", null)).Status);
        Assert.Equal(503, (await api.CallAsync(HttpMethod.Get, "/health/ready", null)).Status);
        Assert.Equal(503, (await api.CallAsync(HttpMethod.Get, "/health/cluster", null)).Status);
    }

    [Theory]
    [InlineData("GET", "/internal/v1/cluster")]
    [InlineData("POST", "/internal/v1/notifications")]
    [InlineData("POST", "/internal/v1/nodes/register")]
    [InlineData("GET", "/Internal/v1/cluster")]
    [InlineData("GET", "/internal/V1/Cluster/")]
    [InlineData("GET", "/%69nternal/v1/cluster")]
    public async Task Internal_call_is_refused_to_users_and_administrators(string method, string path) =>
        Assert.Equal(403, (await api.CallAsync(new HttpMethod(method), path, api.AdminToken)).Status);

    [Fact]
    public async Task Node_registers_itself_and_no_other()
    {
        var (_, issued) = await api.CallAsync(HttpMethod.Post, "/admin/nodes/tokens", api.AdminToken, new { });
        using var plain = new HttpClient(new SocketsHttpHandler());
        using var joined = await plain.PostAsJsonAsync(
            new Uri(api.Url, "/internal/v1/nodes/join"),
            new JoinRequest(issued.GetProperty("token").GetString()!, "a"),
            WireJson.Default.JoinRequest
        );
        var node = (await joined.Content.ReadFromJsonAsync(WireJson.Default.JoinReply))!;
        using var http = InternalHttp.Create(
            new InternalAuth(node.Secrets, TimeProvider.System),
            $"{node.NodeId}",
            new MapHolder(),
            TimeSpan.FromSeconds(20)
        );

        Assert.Equal(403, await RegisterAsync(Guid.NewGuid()));
        Assert.Equal(200, await RegisterAsync(node.NodeId));

        async Task<int> RegisterAsync(Guid nodeId)
        {
            using var response = await http.PostAsJsonAsync(
                new Uri(api.Url, "/internal/v1/nodes/register"),
                new RegisterRequest(
                    nodeId,
                    new Uri("http://127.0.0.1:1"),
                    "default",
                    [new RegisterVolume(Guid.NewGuid(), 0, 1, 1 << 30)]
                ),
                WireJson.Default.RegisterRequest
            );
            return (int)response.StatusCode;
        }
    }

    [Fact]
    public async Task Join_with_a_guessed_token_is_refused() =>
        Assert.Equal(
            403,
            (
                await api.CallAsync(
                    HttpMethod.Post,
                    "/internal/v1/nodes/join",
                    null,
                    new { token = "guess", name = "n" }
                )
            ).Status
        );

    [Fact]
    public async Task Document_describes_every_call_and_the_login()
    {
        var (status, document) = await api.CallAsync(HttpMethod.Get, "/openapi/v1.json", null);

        Assert.Equal(200, status);
        var paths = document.GetProperty("paths");
        Assert.True(paths.TryGetProperty("/files/upload/{upload_id}/complete", out var complete));
        Assert.True(complete.GetProperty("post").TryGetProperty("security", out _));
        Assert.False(paths.GetProperty("/auth/login").GetProperty("post").TryGetProperty("security", out _));
        Assert.DoesNotContain(paths.EnumerateObject(), p => p.Name.StartsWith("/internal", StringComparison.Ordinal));
    }

    [Fact]
    public void Password_of_the_administrator_is_in_a_file_for_its_owner_only()
    {
        Assert.Single(File.ReadAllLines(api.PasswordFile));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(api.PasswordFile));
    }

    private Task<(int Status, JsonElement Body)> CreateInAsync(string folder) =>
        api.CallAsync(
            HttpMethod.Post,
            "/folders",
            api.BobToken,
            new { name = Guid.NewGuid().ToString(), parent_id = folder }
        );

    private async Task<string> ShareAsync(string folder, string permissions)
    {
        var (_, reply) = await api.CallAsync(
            HttpMethod.Post,
            "/files/share",
            api.AliceToken,
            new
            {
                file_id = folder,
                shared_with = "bob@x.org",
                permissions,
            }
        );
        return reply.GetProperty("share_id").GetString()!;
    }

    private static string? Type(JsonElement problem) => problem.GetProperty("type").GetString();
}
