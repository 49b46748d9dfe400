using System.Diagnostics;
using System.Text.Json;

namespace FileSharing.ClusterTests;

public sealed class CrashTests
{
    [Fact]
    public async Task A_standalone_killed_in_the_middle_of_many_files_starts_again_and_the_same_put_finishes()
    {
        await using var product = await Deployment.StartAsync(isCluster: false);
        var folder = Directory.CreateDirectory(product.PathOf("many")).FullName;
        var random = new Random(3);
        for (var i = 0; i < 1_500; i++)
        {
            var bytes = new byte[random.Next(1, 40_000)];
            random.NextBytes(bytes);
            await File.WriteAllBytesAsync(Path.Combine(folder, $"file-{i:D4}"), bytes);
        }

        using (var put = product.Admin.StartCli("put", folder, "/many"))
        {
            await UntilAsync(async () => await product.StatusAsync("files") > 100, "some files are there");
            product.ProcessOf("standalone").Kill();
            await put.WaitForExitAsync();
            Assert.NotEqual(0, put.ExitCode);
        }

        await product.UpAsync();
        (await product.Admin.CliAsync("put", folder, "/many")).Succeeded();
        (await product.Admin.CliAsync("get", "/many", product.PathOf("back"))).Succeeded();

        var diff = await Shell.RunAsync("diff", ["-r", folder, product.PathOf("back")]);
        Assert.True(diff.Code == 0, diff.Output);
        await UntilAsync(async () => await product.StatusAsync("under_replicated") == 0, "three copies of everything");
        Assert.Equal(0, await product.StatusAsync("missing"));
    }

    [Fact]
    public async Task After_a_clean_stop_and_a_start_everything_is_there()
    {
        await using var product = await Deployment.StartAsync(isCluster: false);
        var file = await product.RandomFileAsync("f.bin", 20_000_000, seed: 4);
        (await product.Admin.CliAsync("put", file, "/f.bin")).Succeeded();

        await product.DownAsync();
        await product.UpAsync();

        (await product.Admin.CliAsync("get", "/f.bin", product.PathOf("back.bin"))).Succeeded();
        Assert.Equal(await File.ReadAllBytesAsync(file), await File.ReadAllBytesAsync(product.PathOf("back.bin")));
    }

    internal static async Task UntilAsync(Func<Task<bool>> holds, string what, int seconds = 60)
    {
        var limit = Stopwatch.StartNew();
        while (!await holds())
        {
            Assert.True(limit.Elapsed < TimeSpan.FromSeconds(seconds), $"Not within {seconds} s: {what}");
            await Task.Delay(200);
        }
    }
}
