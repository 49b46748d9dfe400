namespace FileSharing.ClusterTests;

public sealed class LargeFileTests
{
    private const long FileBytes = 2L << 30;

    [Fact]
    public async Task Two_gibibytes_pass_through_separate_processes_with_less_than_400_MiB_each()
    {
        await using var product = await Deployment.StartAsync(isCluster: true);
        await PutAndGetAsync(product);
        AssertPeaksBelow(product, 400L << 20, ["api", "node-1", "node-2", "node-3"]);
    }

    [Fact]
    public async Task Two_gibibytes_pass_through_one_process_with_less_than_800_MiB()
    {
        await using var product = await Deployment.StartAsync(isCluster: false);
        await PutAndGetAsync(product);
        AssertPeaksBelow(product, 800L << 20, ["standalone"]);
    }

    private static async Task PutAndGetAsync(Deployment product)
    {
        var file = await product.RandomFileAsync("large.bin", FileBytes, seed: 7);
        (await product.Admin.CliAsync("put", file, "/large.bin")).Succeeded();
        (await product.Admin.CliAsync("get", "/large.bin", product.PathOf("back"))).Succeeded();
        Assert.Equal(0, (await Shell.RunAsync("cmp", [file, product.PathOf("back")])).Code);
    }

    private static void AssertPeaksBelow(Deployment product, long bytesMax, string[] parts)
    {
        foreach (var part in parts)
        {
            var peak = product.PeakResidentBytes(part);
            Assert.True(peak < bytesMax, $"{part} had {peak >> 20} MiB resident");
        }
    }
}
