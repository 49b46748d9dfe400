using System.Text.Json;

namespace FileSharing.ClusterTests;

public sealed class EncryptionTests
{
    [Fact]
    public async Task A_rotation_during_uploads_with_a_node_away_fails_none_rewrites_old_records_and_after_a_restart_every_file_comes_back()
    {
        await using var product = await Deployment.StartAsync(
            isCluster: true,
            new Dictionary<string, string> { ["FILESHARE__Node__CompactIntervalSeconds"] = "1" }
        );
        using var enough = new CancellationTokenSource();
        var uploads = Task.WhenAll(UploadAsync(product, 1, enough.Token), UploadAsync(product, 2, enough.Token));
        await CrashTests.UntilAsync(async () => await RecordsAsync(product, 1) > 20, "records under key 1");

        await product.NodeAsync("stop", 3);
        var rotated = await product.Admin.CliAsync("admin", "encryption", "rotate", "--json");
        Assert.Equal(2, JsonDocument.Parse(rotated.Succeeded()).RootElement.GetProperty("active_key").GetInt32());
        await CrashTests.UntilAsync(async () => await RecordsAsync(product, 2) > 20, "records under key 2");
        await product.NodeAsync("start", 3);
        await Task.Delay(TimeSpan.FromSeconds(2));
        await enough.CancelAsync();

        Assert.All(await uploads, outcome => Assert.True(outcome.Code == 0, outcome.Errors));
        await CrashTests.UntilAsync(
            async () => await product.StatusAsync("under_replicated") == 0,
            "three copies of everything, on the node that was away too"
        );
        await CrashTests.UntilAsync(
            async () => await EncryptionAsync(product) is var now && IsAllCounted(now) && OldRecords(now) == 0,
            "every record has been rewritten under key 2"
        );
        await product.DownAsync();
        await product.UpAsync();
        (await product.Admin.CliAsync("get", "/up", product.PathOf("back"))).Succeeded();
        var diff = await Shell.RunAsync("diff", ["-r", product.PathOf("up"), product.PathOf("back")]);
        Assert.True(diff.Code == 0, diff.Output + diff.Errors);
        var status = (await product.Admin.CliAsync("admin", "encryption", "status")).Succeeded();
        Assert.Contains("  active  ", status, StringComparison.Ordinal);
        Assert.Contains("0 records lie under old keys.", status, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_that_a_node_in_reach_cannot_store_stays_pending_and_is_used_when_it_can()
    {
        await using var product = await Deployment.StartAsync(isCluster: true);
        var obstacle = Path.Combine(product.Data, "node-1", "volume-1", "keys.json.tmp");
        Directory.CreateDirectory(obstacle);

        var (created, _) = await product.Admin.CallAsync(HttpMethod.Post, "/admin/encryption/rotate");
        await Task.Delay(TimeSpan.FromSeconds(13));
        var waiting = await EncryptionAsync(product);
        var (second, problem) = await product.Admin.CallAsync(HttpMethod.Post, "/admin/encryption/rotate");

        Assert.Equal(201, created);
        Assert.Equal(1, waiting.GetProperty("active_key").GetInt32());
        Assert.Equal(["1"], waiting.GetProperty("waiting_for").EnumerateArray().Select(name => name.GetString()!));
        Assert.Equal(409, second);
        Assert.Equal("urn:fileshare:error:rotation-under-way", problem.GetProperty("type").GetString());
        Directory.Delete(obstacle);
        await CrashTests.UntilAsync(
            async () => (await EncryptionAsync(product)).GetProperty("active_key").GetInt32() == 2,
            "the key is in use"
        );
    }

    [Fact]
    public async Task The_first_start_says_where_the_root_key_lies_the_second_does_not_and_an_open_key_is_refused()
    {
        await using var product = await Deployment.StartAsync(isCluster: false);
        var key = Path.Combine(product.Data, "root.key");
        Assert.Contains($"Keep a copy of {key} somewhere else", product.LastUp, StringComparison.Ordinal);
        Assert.Equal(UnixFileMode.UserRead, File.GetUnixFileMode(key));

        await product.DownAsync();
        File.SetUnixFileMode(key, UnixFileMode.UserRead | UnixFileMode.GroupRead);
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(product.UpAsync);
        Assert.Contains($"chmod 0400 {key}", refused.Message, StringComparison.Ordinal);

        File.SetUnixFileMode(key, UnixFileMode.UserRead);
        await product.UpAsync();
        Assert.DoesNotContain("Keep a copy", product.LastUp, StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_a_command_the_root_key_is_in_no_file_of_the_data_directory_no_log_and_no_process()
    {
        var folder = Directory.CreateTempSubdirectory("fileshare-vault-");
        try
        {
            const string Digits = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
            var vault = Path.Combine(folder.FullName, "the vault");
            await File.WriteAllTextAsync(vault, Digits);
            await using var product = await Deployment.StartAsync(
                isCluster: false,
                new Dictionary<string, string> { ["FILESHARE__Standalone__RootKeyCommand"] = $"/bin/cat '{vault}'" }
            );
            var file = await product.RandomFileAsync("f.bin", 3_000_000, seed: 1);
            (await product.Admin.CliAsync("put", file, "/f.bin")).Succeeded();

            var process = product.ProcessOf("standalone").Id;
            var found = await Shell.RunAsync(
                "grep",
                ["-rlsF", Digits, product.Data, $"/proc/{process}/cmdline", $"/proc/{process}/environ"]
            );

            Assert.Equal("", found.Output);
            Assert.False(File.Exists(Path.Combine(product.Data, "root.key")));
            Assert.Contains("the key that RootKeyCommand prints", product.LastUp, StringComparison.Ordinal);
            await product.DownAsync();
            await product.UpAsync();
            (await product.Admin.CliAsync("get", "/f.bin", product.PathOf("back.bin"))).Succeeded();
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Puts small files, one after the other, until it is enough.</summary>
    private static async Task<Outcome> UploadAsync(Deployment product, int number, CancellationToken enough)
    {
        Directory.CreateDirectory(product.PathOf("up"));
        for (var i = 0; ; i++)
        {
            var name = $"{number}-{i}.bin";
            var file = await product.RandomFileAsync(Path.Combine("up", name), 2_000_000, seed: (number * 10_000) + i);
            var put = await product.Admin.CliAsync("put", file, $"/up/{name}");
            if (put.Code != 0 || enough.IsCancellationRequested)
            {
                return put;
            }
        }
    }

    private static async Task<JsonElement> EncryptionAsync(Deployment product)
    {
        var (status, body) = await product.Admin.CallAsync(HttpMethod.Get, "/admin/encryption");
        Assert.Equal(200, status);
        return body;
    }

    private static bool IsAllCounted(JsonElement encryption) =>
        encryption.GetProperty("not_counted").GetArrayLength() == 0;

    private static long OldRecords(JsonElement encryption) => encryption.GetProperty("old_records").GetInt64();

    private static async Task<long> RecordsAsync(Deployment product, int key) =>
        (await EncryptionAsync(product))
            .GetProperty("keys")
            .EnumerateArray()
            .Where(described => described.GetProperty("key_id").GetInt32() == key)
            .Sum(described => described.GetProperty("records").GetInt64());
}
