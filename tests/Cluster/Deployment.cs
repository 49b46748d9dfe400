using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;

namespace FileSharing.ClusterTests;

/// <summary>The product as an operator starts it, in a directory and on ports of its own: <c>deploy/up</c> or <c>deploy/cluster</c>.</summary>
internal sealed class Deployment : IAsyncDisposable
{
    private static int next = System.Environment.ProcessId % 500;

    private readonly bool isCluster;
    private readonly string scheme;

    private Deployment(bool isCluster, IReadOnlyDictionary<string, string>? environment, string? certificateFile)
    {
        var trusted = certificateFile is null ? null : X509CertificateLoader.LoadCertificateFromFile(certificateFile);
        scheme = trusted is null ? "http" : "https";
        Http = new HttpClient(HandlerFor(trusted)) { Timeout = TimeSpan.FromMinutes(3) };
        this.isCluster = isCluster;
        Environment = new Dictionary<string, string>(environment ?? new Dictionary<string, string>())
        {
            ["FILESHARE_BUILT"] = "1",
        };
        Port = 21_000 + (Interlocked.Increment(ref next) * 20);
        Directory = System.IO.Directory.CreateTempSubdirectory("fileshare-cluster-").FullName;
        System.IO.Directory.CreateDirectory(Path.Combine(Directory, "files"));
    }

    /// <summary>Of every process started here.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; }

    public int Port { get; }

    /// <summary>Holds <c>data</c>, and room for the test's files.</summary>
    public string Directory { get; }

    public string Data => Path.Combine(Directory, "data");

    public Uri Url => new($"{scheme}://127.0.0.1:{Port}");

    public HttpClient Http { get; }

    public User Admin { get; private set; } = null!;

    /// <summary>What the last start printed.</summary>
    public string LastUp { get; private set; } = "";

    /// <param name="isCluster">Separate processes, or all in one.</param>
    /// <param name="environment">What the processes find in theirs.</param>
    /// <param name="certificateFile">The API serves TLS with this certificate, which the tests trust then; null: plain HTTP.</param>
    public static async Task<Deployment> StartAsync(
        bool isCluster,
        IReadOnlyDictionary<string, string>? environment = null,
        string? certificateFile = null
    )
    {
        var deployment = new Deployment(isCluster, environment, certificateFile);
        await deployment.UpAsync();
        var password = await File.ReadAllTextAsync(Path.Combine(deployment.Data, "admin-password"));
        deployment.Admin = await deployment.LoginAsync("admin@localhost", password.Trim());
        return deployment;
    }

    private static SocketsHttpHandler HandlerFor(X509Certificate2? trusted)
    {
        var handler = new SocketsHttpHandler { UseProxy = false };
        if (trusted is not null)
        {
            handler.SslOptions.RemoteCertificateValidationCallback = (_, shown, _, _) =>
                shown is not null && shown.GetRawCertData().AsSpan().SequenceEqual(trusted.RawData);
        }

        return handler;
    }

    public async Task UpAsync()
    {
        string[] arguments = ["--data", Data, "--port", Port.ToString(CultureInfo.InvariantCulture)];
        var up = isCluster
            ? await DeployAsync("cluster", ["up", .. arguments])
            : await DeployAsync("up", [.. arguments, "--detach"]);
        LastUp = up.Succeeded();
    }

    public async Task DownAsync() =>
        (
            isCluster
                ? await DeployAsync("cluster", ["down", "--data", Data])
                : await DeployAsync("down", ["--data", Data])
        ).Succeeded();

    /// <summary><c>deploy/cluster VERB NODE</c></summary>
    public async Task NodeAsync(string verb, int node) =>
        (await DeployAsync("cluster", [verb, node.ToString(CultureInfo.InvariantCulture), "--data", Data])).Succeeded();

    /// <summary>One storage node more: <c>deploy/cluster add</c></summary>
    public async Task AddNodeAsync() => (await DeployAsync("cluster", ["add", "--data", Data])).Succeeded();

    /// <summary>The most memory that a part has had resident since its start.</summary>
    public long PeakResidentBytes(string part)
    {
        var line = File.ReadLines($"/proc/{ProcessOf(part).Id}/status")
            .First(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture)
            << 10;
    }

    /// <summary>The process of a part, by its pid file.</summary>
    public Process ProcessOf(string part) =>
        Process.GetProcessById(
            int.Parse(File.ReadAllText(Path.Combine(Data, "run", $"{part}.pid")), CultureInfo.InvariantCulture)
        );

    public async Task<User> LoginAsync(string email, string password)
    {
        using var response = await Http.PostAsJsonAsync(new Uri(Url, "/auth/login"), new { email, password });
        response.EnsureSuccessStatusCode();
        var reply = await response.Content.ReadFromJsonAsync<JsonElement>();
        return new User(this, email, reply.GetProperty("token").GetString()!);
    }

    public async Task<User> AddUserAsync(string name)
    {
        var email = $"{name}@example.org";
        var password = $"a password of {name}";
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(Url, "/users"))
        {
            Content = JsonContent.Create(
                new
                {
                    email,
                    name,
                    password,
                }
            ),
        };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Admin.Token);
        using var response = await Http.SendAsync(request);
        response.EnsureSuccessStatusCode();
        return await LoginAsync(email, password);
    }

    /// <summary><c>fileshare admin status --json</c></summary>
    public async Task<JsonElement> StatusAsync() =>
        JsonDocument.Parse((await Admin.CliAsync("admin", "status", "--json")).Succeeded()).RootElement;

    public async Task<long> StatusAsync(string figure) => (await StatusAsync()).GetProperty(figure).GetInt64();

    public string PathOf(string name) => Path.Combine(Directory, "files", name);

    /// <summary>A file of random bytes; the same seed gives the same file.</summary>
    public async Task<string> RandomFileAsync(string name, long bytes, int seed)
    {
        var path = PathOf(name);
        var random = new Random(seed);
        var buffer = new byte[1 << 20];
        await using var file = File.Create(path);
        for (long written = 0; written < bytes; written += buffer.Length)
        {
            random.NextBytes(buffer);
            await file.WriteAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, bytes - written)));
        }

        return path;
    }

    private Task<Outcome> DeployAsync(string script, string[] arguments) =>
        Shell.RunAsync(Path.Combine(Shell.Root, "deploy", script), arguments, Environment);

    public async ValueTask DisposeAsync()
    {
        await DownAsync();
        Http.Dispose();
        System.IO.Directory.Delete(Directory, recursive: true);
    }
}

/// <summary>A person with an account, a command line and curl.</summary>
internal sealed record User(Deployment Deployment, string Email, string Token)
{
    private static readonly string Program = Path.Combine(Shell.Root, "artifacts", "bin", "fileshare");

    private Dictionary<string, string> Environment =>
        new(Deployment.Environment) { ["FILESHARE_URL"] = Deployment.Url.ToString(), ["FILESHARE_TOKEN"] = Token };

    /// <summary><c>fileshare …</c></summary>
    public Task<Outcome> CliAsync(params string[] arguments) => Shell.RunAsync(Program, arguments, Environment);

    public Process StartCli(params string[] arguments) => Shell.Start(Program, arguments, Environment);

    /// <summary>One REST call, whatever it answers.</summary>
    public async Task<(int Status, JsonElement Body)> CallAsync(HttpMethod method, string path, object? body = null)
    {
        using var request = new HttpRequestMessage(method, new Uri(Deployment.Url, path));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Token);
        request.Content = body is null ? null : JsonContent.Create(body);
        using var response = await Deployment.Http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        return ((int)response.StatusCode, text.Length > 0 ? JsonDocument.Parse(text).RootElement : default);
    }

    /// <summary>The id of what stands at a path of this user's.</summary>
    public async Task<string> IdOfAsync(string path)
    {
        var (status, body) = await CallAsync(HttpMethod.Get, $"/files/by-path?path={Uri.EscapeDataString(path)}");
        Assert.Equal(200, status);
        return body.GetProperty("metadata").GetProperty("file_id").GetString()!;
    }

    public async Task<Uri> DownloadUrlAsync(string fileId)
    {
        var (status, body) = await CallAsync(HttpMethod.Get, $"/files/download/{fileId}");
        Assert.Equal(200, status);
        return new Uri(body.GetProperty("download_url").GetString()!);
    }
}
