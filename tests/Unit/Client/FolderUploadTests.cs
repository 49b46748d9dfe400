using FileSharing.Chunks;
using FileSharing.Client;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace FileSharing.UnitTests.Client;

public sealed class FolderUploadTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("fileshare-folder-");

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public async Task A_file_that_is_there_with_the_same_content_is_left()
    {
        var data = UploadTests.Bytes(1000);
        await using var cluster = await WithRemoteFileAsync(ChunkId.OfChunk(data).ToString());
        await File.WriteAllBytesAsync(Path.Combine(folder.FullName, "a.bin"), data);
        using var client = cluster.Client();

        var result = await client.UploadFolderAsync(folder.FullName, "d1");

        Assert.Equal((1, 1, 0), (result.Files, result.Skipped, result.BytesMoved));
        Assert.Empty(cluster.Opened);
    }

    [Fact]
    public async Task A_file_that_is_there_with_other_content_becomes_a_new_version_of_it()
    {
        await using var cluster = await WithRemoteFileAsync(new string('0', ChunkId.HexDigits));
        await File.WriteAllBytesAsync(Path.Combine(folder.FullName, "a.bin"), UploadTests.Bytes(1000));
        using var client = cluster.Client();

        var result = await client.UploadFolderAsync(folder.FullName, "d1");

        Assert.Equal((1, 0, 1000), (result.Files, result.Skipped, result.BytesMoved));
        Assert.Equal("f9", (string?)Assert.Single(cluster.Opened)["file_id"]);
    }

    [Fact]
    public async Task A_pipe_is_named_and_left_out_and_the_rest_is_stored()
    {
        await using var cluster = await WithRemoteFileAsync(new string('0', ChunkId.HexDigits));
        await File.WriteAllBytesAsync(Path.Combine(folder.FullName, "b.bin"), UploadTests.Bytes(10));
        using (var mkfifo = System.Diagnostics.Process.Start("mkfifo", Path.Combine(folder.FullName, "pipe")))
        {
            await mkfifo.WaitForExitAsync();
        }

        using var client = cluster.Client();

        var result = await client.UploadFolderAsync(folder.FullName, "d1").WaitAsync(TimeSpan.FromSeconds(30));

        Assert.Equal(1, result.Files);
        Assert.EndsWith("/pipe", Assert.Single(result.Failures).Path, StringComparison.Ordinal);
    }

    private static async Task<ScriptedCluster> WithRemoteFileAsync(string fingerprint)
    {
        var cluster = await ScriptedCluster.StartAsync();
        cluster.BeforeApi = async http =>
        {
            if (http.Request.Path != "/folders/d1/children")
            {
                return false;
            }

            await http.Response.WriteAsync(
                $$"""{"items":[{"file_id":"f9","kind":"file","name":"a.bin","size":1000,"fingerprint":"{{fingerprint}}"}]}"""
            );
            return true;
        };
        return cluster;
    }
}
