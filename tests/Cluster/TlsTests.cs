using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace FileSharing.ClusterTests;

/// <summary>A storage node that serves TLS, beside others that do not; all trust its certificate.</summary>
public sealed class TlsTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("fileshare-tls-").FullName;

    private string CertificateFile => Path.Combine(directory, "node.crt");

    private string KeyFile => Path.Combine(directory, "node.key");

    [Fact]
    public async Task A_node_with_a_certificate_serves_clients_and_peers_over_TLS_and_HTTP_2()
    {
        MakeCertificate();
        await using var product = await Deployment.StartAsync(
            isCluster: true,
            new Dictionary<string, string> { ["SSL_CERT_FILE"] = CertificateFile }
        );
        var address = $"https://127.0.0.1:{product.Port + 11}";
        await product.NodeAsync("stop", 1);
        using var node = StartNodeWithTls(product, address);
        try
        {
            await CrashTests.UntilAsync(
                async () => (await CurlAsync($"{address}/health/ready")).Code == 0,
                "the node is ready at its new address"
            );
            var file = await product.RandomFileAsync("f.bin", 20_000_000, seed: 1);
            (await product.Admin.CliAsync("put", file, "/f.bin")).Succeeded();
            (await product.Admin.CliAsync("get", "/f.bin", product.PathOf("back"))).Succeeded();
            var url = await UrlAtAsync(product, await product.Admin.IdOfAsync("/f.bin"), address);
            var range = await CurlAsync("--http2", "-H", "Range: bytes=1000000-9000000", url);
            var plain = await CurlAsync(url.Replace("https:", "http:", StringComparison.Ordinal));

            var bytes = await File.ReadAllBytesAsync(file);
            Assert.Equal(bytes, await File.ReadAllBytesAsync(product.PathOf("back")));
            Assert.Equal("2 206", range.Succeeded());
            Assert.Equal(bytes[1_000_000..9_000_001], await File.ReadAllBytesAsync(Body));
            Assert.NotEqual(0, plain.Code);
            await CrashTests.UntilAsync(
                async () => await product.StatusAsync("under_replicated") == 0,
                "the peers reach the node too"
            );
        }
        finally
        {
            node.Kill();
            await node.WaitForExitAsync();
        }
    }

    [Fact]
    public async Task Everything_in_one_process_with_a_certificate_is_reached_over_TLS_only()
    {
        MakeCertificate();
        await using var product = await Deployment.StartAsync(
            isCluster: false,
            new Dictionary<string, string>
            {
                ["SSL_CERT_FILE"] = CertificateFile,
                ["FILESHARE__Standalone__Listen"] = "https://0.0.0.0",
                ["FILESHARE__Standalone__PublicUrl"] = "https://127.0.0.1",
                ["FILESHARE__Standalone__Tls__CertificateFile"] = CertificateFile,
                ["FILESHARE__Standalone__Tls__KeyFile"] = KeyFile,
            },
            CertificateFile
        );
        var file = await product.RandomFileAsync("f.bin", 5_000_000, seed: 2);
        (await product.Admin.CliAsync("put", file, "/f.bin")).Succeeded();
        (await product.Admin.CliAsync("get", "/f.bin", product.PathOf("back"))).Succeeded();
        var url = await product.Admin.DownloadUrlAsync(await product.Admin.IdOfAsync("/f.bin"));

        Assert.Equal(await File.ReadAllBytesAsync(file), await File.ReadAllBytesAsync(product.PathOf("back")));
        Assert.StartsWith("https://127.0.0.1:", url.ToString(), StringComparison.Ordinal);
        foreach (var port in new[] { product.Port, product.Port + 11 })
        {
            Assert.NotEqual(0, (await CurlAsync($"http://127.0.0.1:{port}/health/live")).Code);
            Assert.Equal("2 200", (await CurlAsync($"https://127.0.0.1:{port}/health/live")).Succeeded());
        }
    }

    private System.Diagnostics.Process StartNodeWithTls(Deployment product, string address) =>
        Shell.Start(
            Path.Combine(Shell.Root, "artifacts", "bin", "storage-node"),
            [
                "--Node:Name=1",
                $"--Node:Listen={address}",
                $"--Node:Tls:CertificateFile={CertificateFile}",
                $"--Node:Tls:KeyFile={KeyFile}",
                $"--Node:Data={product.Data}/node-1",
                $"--Node:ApiUrl={product.Url}",
                $"--Node:RootKeyFile={product.Data}/root.key",
            ],
            product.Environment
        );

    private static async Task<string> UrlAtAsync(Deployment product, string id, string address)
    {
        string? found = null;
        await CrashTests.UntilAsync(
            async () =>
            {
                var (_, body) = await product.Admin.CallAsync(HttpMethod.Get, $"/files/download/{id}");
                found = body.GetProperty("download_urls")
                    .EnumerateArray()
                    .Select(url => url.GetString()!)
                    .FirstOrDefault(url => url.StartsWith(address, StringComparison.Ordinal));
                return found is not null;
            },
            "the API hands out the new address"
        );
        return found!;
    }

    private string Body => Path.Combine(directory, "body");

    /// <summary>Verifies the certificate; writes the version of HTTP and the status.</summary>
    private Task<Outcome> CurlAsync(params string[] arguments) =>
        Shell.RunAsync(
            "curl",
            ["-fsS", "--cacert", CertificateFile, "-o", Body, "-w", "%{http_version} %{http_code}", .. arguments]
        );

    private void MakeCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=fileshare test node", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var now = DateTimeOffset.UtcNow;
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        File.WriteAllText(CertificateFile, certificate.ExportCertificatePem());
        File.WriteAllText(KeyFile, key.ExportPkcs8PrivateKeyPem());
    }

    public void Dispose() => Directory.Delete(directory, recursive: true);
}
