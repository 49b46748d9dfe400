using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;
using FileSharing.Api;
using FileSharing.Standalone;
using FileSharing.UnitTests.Postgres;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace FileSharing.UnitTests.Api;

/// <summary>The real server on a free loopback port, with an administrator and two users. No storage node has joined.</summary>
public sealed class RunningApi(PostgresFixture postgres) : IAsyncLifetime
{
    public const string Password = "correct horse";

    private readonly string folder = Directory.CreateTempSubdirectory("fileshare-test-api-").FullName;
    private readonly HttpClient http = new(new SocketsHttpHandler());
    private ApiServer? server;

    public int DownAfterSeconds { get; init; } = 10;
    public string AdminToken { get; private set; } = "";
    public string AliceToken { get; private set; } = "";
    public string BobToken { get; private set; } = "";
    public Uri Url => server!.Address;
    public string PasswordFile => Path.Combine(folder, "admin-password");

    public async ValueTask InitializeAsync()
    {
        var rootKey = Path.Combine(folder, "root.key");
        await SecretFile.WriteAsync(
            rootKey,
            Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32)),
            SecretFile.OwnerReads,
            CancellationToken.None
        );
        var configuration = new ConfigurationBuilder()
            .AddInMemoryCollection(
                new Dictionary<string, string?>
                {
                    ["Api:Listen"] = "http://127.0.0.1:0",
                    ["Api:Postgres"] = await postgres.CreateDatabaseAsync(),
                    ["Api:RootKeyFile"] = rootKey,
                    ["Api:AdminPasswordFile"] = PasswordFile,
                    ["Api:Cluster:DownAfterSeconds"] = $"{DownAfterSeconds}",
                }
            )
            .Build();
        server = await ApiServer.StartAsync(
            ApiSettings.From(configuration),
            logging => logging.ClearProviders(),
            CancellationToken.None
        );
        http.BaseAddress = server.Address;
        AdminToken = await LoginAsync("admin@localhost", server.NewAdminPassword!);
        AliceToken = await UserAsync("alice@x.org");
        BobToken = await UserAsync("bob@x.org");
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        if (server is not null)
        {
            await server.DisposeAsync();
        }

        Directory.Delete(folder, recursive: true);
    }

    public async Task<string> LoginAsync(string email, string password)
    {
        var (_, reply) = await CallAsync(HttpMethod.Post, "/auth/login", null, new { email, password });
        return reply.GetProperty("token").GetString()!;
    }

    /// <returns>Status and JSON body; the body of an empty answer is undefined.</returns>
    public async Task<(int Status, JsonElement Body)> CallAsync(
        HttpMethod method,
        string path,
        string? token,
        object? body = null,
        string? idempotencyKey = null
    )
    {
        using var request = new HttpRequestMessage(method, path);
        request.Content = body is null ? null : JsonContent.Create(body);
        if (token is not null)
        {
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }

        if (idempotencyKey is not null)
        {
            request.Headers.Add("Idempotency-Key", idempotencyKey);
        }

        using var response = await http.SendAsync(request);
        var bytes = await response.Content.ReadAsByteArrayAsync();
        return ((int)response.StatusCode, bytes.Length == 0 ? default : JsonDocument.Parse(bytes).RootElement);
    }

    public async Task<string> FolderAsync(string token, string name)
    {
        var (_, reply) = await CallAsync(HttpMethod.Post, "/folders", token, new { name });
        return reply.GetProperty("folder_id").GetString()!;
    }

    private async Task<string> UserAsync(string email)
    {
        await CallAsync(
            HttpMethod.Post,
            "/users",
            AdminToken,
            new
            {
                email,
                name = email,
                password = Password,
            }
        );
        return await LoginAsync(email, Password);
    }

    /// <summary>Waits until what the server does by itself has come about; 30 s at most.</summary>
    public static async Task UntilAsync(Func<Task<bool>> isSo, string what)
    {
        for (var i = 0; i < 300; i++)
        {
            if (await isSo())
            {
                return;
            }

            await Task.Delay(100);
        }

        Assert.Fail($"Not within 30 s: {what}.");
    }
}
