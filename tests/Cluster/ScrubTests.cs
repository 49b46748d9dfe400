using System.Text.Json;

namespace FileSharing.ClusterTests;

/// <summary>Bytes turn on the disk of a running node.</summary>
public sealed class ScrubTests(ClusterFixture fixture) : IClassFixture<ClusterFixture>
{
    private Deployment Product => fixture.Deployment;

    [Fact]
    public async Task Scrub_now_finds_turned_bytes_says_so_and_the_copy_is_healed_while_downloads_are_right()
    {
        var admin = Product.Admin;
        var file = await Product.RandomFileAsync("scrub.bin", 12_000_000, seed: 77);
        (await admin.CliAsync("put", file, "/scrub.bin")).Succeeded();
        await CrashTests.UntilAsync(
            async () => await Product.StatusAsync("under_replicated") == 0,
            "three copies of everything"
        );
        var clean = await admin.CliAsync("admin", "scrub", "--now", "--json");
        Assert.Equal(3, Items(clean.Succeeded()).Count);

        TurnBytes(Path.Combine(Product.Data, "node-2", "volume-1", "segments"), everyBytes: 1_500_000);
        var found = await admin.CliAsync("admin", "scrub", "--now", "--volume", "2/1", "--json");
        await AssertRightAsync(file);

        Assert.Equal(3, found.Code);
        var volume = Assert.Single(Items(found.Output));
        Assert.Equal(
            ("2/1", "done"),
            (volume.GetProperty("volume").GetString(), volume.GetProperty("state").GetString())
        );
        Assert.True(volume.GetProperty("damaged").GetInt64() > 0, $"{volume}");
        await CrashTests.UntilAsync(
            async () => await Product.StatusAsync("damaged") == 0 && await Product.StatusAsync("under_replicated") == 0,
            "every damaged copy is healed"
        );
        await AssertRightAsync(file);
        var status = (await admin.CliAsync("admin", "status")).Succeeded();
        Assert.Contains("2/1", status, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_volume_that_does_not_exist_is_named_and_only_administrators_may_scrub()
    {
        var user = await Product.AddUserAsync("scrubber");

        var unknown = await Product.Admin.CliAsync("admin", "scrub", "--now", "--volume", "9/9");
        var (forbidden, _) = await user.CallAsync(HttpMethod.Post, "/admin/scrub");

        Assert.Equal(1, unknown.Code);
        Assert.Contains("9/9", unknown.Errors, StringComparison.Ordinal);
        Assert.Equal(403, forbidden);
    }

    private async Task AssertRightAsync(string file)
    {
        var back = Product.PathOf("scrub-back");
        (await Product.Admin.CliAsync("get", "/scrub.bin", back)).Succeeded();
        var bytes = await File.ReadAllBytesAsync(back);
        var sent = await File.ReadAllBytesAsync(file);
        Assert.True(sent.AsSpan().SequenceEqual(bytes));
        File.Delete(back);
    }

    private static List<JsonElement> Items(string json) =>
        [.. JsonDocument.Parse(json).RootElement.GetProperty("items").EnumerateArray()];

    private static void TurnBytes(string segments, long everyBytes)
    {
        foreach (var segment in Directory.GetFiles(segments))
        {
            using var file = File.Open(segment, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
            for (var at = everyBytes / 2; at < Math.Min(file.Length, 12_000_000); at += everyBytes)
            {
                file.Position = at;
                var was = file.ReadByte();
                file.Position = at;
                file.WriteByte((byte)(was ^ 0x10));
            }
        }
    }
}
