using FileSharing.StorageNode.Volumes;
using FileSharing.UnitTests.BlobEngine;

namespace FileSharing.UnitTests.StorageNode;

public sealed class OpenVolumeTests
{
    [Fact]
    public async Task Closing_lets_nobody_in_and_waits_for_those_inside()
    {
        await using var directory = new TestVolume();
        var volume = new OpenVolume(await directory.OpenAsync(), 1, capacityBytes: 1);
        var (id, plain) = await directory.PutAsync(volume.Store, 1_000, seed: 1);
        var inside = volume.TryEnter()!;

        var closing = volume.DisposeAsync().AsTask();

        Assert.Null(volume.TryEnter());
        Assert.Equal(plain, await TestVolume.ReadAsync(inside.Store, id, 0, plain.Length));
        Assert.False(closing.IsCompleted);
        inside.Dispose();
        inside.Dispose();
        await closing.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Throws<ObjectDisposedException>(() => inside.Store.Find(id));
    }
}
