using FileSharing.BlobEngine;
using static System.Threading.CancellationToken;

namespace FileSharing.UnitTests.BlobEngine;

/// <summary>Two threads take turns in writing; nothing may show it but the speed.</summary>
public sealed class SegmentWriterTests : IAsyncDisposable
{
    private readonly TestVolume volume = new(segmentBytesMax: 2 << 20);

    public ValueTask DisposeAsync() => volume.DisposeAsync();

    [Fact]
    public async Task While_a_batch_is_being_synced_the_next_is_neither_written_nor_acknowledged()
    {
        await using var store = await volume.OpenAsync();
        await volume.PutAsync(store, 1_000, seed: 0);
        var release = new TaskCompletionSource();
        volume.Disk.HeldSyncs = release.Task;
        var before = volume.Disk.Writes;

        var first = volume.PutAsync(store, 400_000, seed: 1);
        await UntilAsync(() => volume.Disk.Writes == before + 1);
        var second = volume.PutAsync(store, 400_000, seed: 2);
        await Task.Delay(100);
        var (writes, isAcknowledged) = (volume.Disk.Writes, first.IsCompleted || second.IsCompleted);
        var found = store.Find(volume.MakeRecord(400_000, 1).Id);

        volume.Disk.HeldSyncs = null;
        release.SetResult();
        await Task.WhenAll(first, second).WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(before + 1, writes);
        Assert.False(isAcknowledged);
        Assert.Null(found);
    }

    [Fact]
    public async Task Every_frame_names_the_batch_that_it_is_written_in_also_when_a_seal_came_between()
    {
        await using (var store = await volume.OpenAsync())
        {
            await Task.WhenAll(Enumerable.Range(0, 60).Select(seed => volume.PutAsync(store, 300_000, seed)));
        }

        var frames = 0;
        var segments = Directory.GetFiles(volume.Segments);
        Assert.True(segments.Length > 3, $"{segments.Length} segments");
        using var pool = new BufferPool(1 << 20);
        foreach (var path in segments)
        {
            var number = uint.Parse(Path.GetFileNameWithoutExtension(path), null);
            using var file = new DirectDisk().Open(path, DiskAccess.Cached, create: false);
            var scan = new SegmentScan(file, number, pool);
            scan.Run(new SegmentHeader(Guid.Empty, 1, number, FirstSequence: 1), None);
            frames += CheckOrigins(file, number, scan);
        }

        Assert.Equal(60, frames);
    }

    [Fact]
    public async Task What_breaks_while_a_batch_is_collected_poisons_the_writer_and_lets_it_stop()
    {
        using var opened = Volume.Open(volume.Options, volume.Keys, volume.Disk, TimeProvider.System, None);
        using var writer = new SegmentWriter(
            opened.Options,
            opened.Disk,
            TimeProvider.System,
            opened.Buffers,
            opened.Index,
            opened.Log
        );
        var record = volume.MakeRecord(1_000, seed: 1).Record;
        var header = RecordHeader.Read(record);
        await writer.AppendAsync(new AppendRequest(record, header, new PutOptions(1, Owed: false)), None);
        var moved = opened.Index.Find(header.Id)!.Value;

        // So that the thread that has just committed waits behind the other, and only that one looks.
        await Task.Delay(100);
        // A record that is moved is looked at twice: before the turn, when it is left alone, and in it. The second look breaks.
        volume.Disk.FailFreeBytes = 2;
        var append = writer.AppendAsync(new AppendRequest(record, header, moved), None).AsTask();
        var error = await Assert.ThrowsAsync<BlobException>(() => append.WaitAsync(TimeSpan.FromSeconds(20)));
        Assert.Equal(BlobError.WriterPoisoned, error.Error);
        Assert.Equal(VolumeCondition.Poisoned, writer.Condition);
        Assert.False(await writer.StopAsync().WaitAsync(TimeSpan.FromSeconds(20)));
    }

    private static int CheckOrigins(IDiskFile file, uint segment, SegmentScan scan)
    {
        var checkedRecords = 0;
        var bytes = new byte[SegmentFormat.BatchHeaderBytes];
        foreach (var batch in scan.Batches)
        {
            Assert.Equal(bytes.Length, file.Read(bytes, batch.Offset));
            Assert.True(BatchHeader.TryRead(bytes, segment, batch.Offset, out var header));
            for (; checkedRecords < batch.Records; checkedRecords++)
            {
                Assert.Equal(header.Sequence, scan.Contents.Records[checkedRecords].Origin);
            }
        }

        return checkedRecords;
    }

    private static async Task UntilAsync(Func<bool> holds)
    {
        for (var i = 0; i < 3_000 && !holds(); i++)
        {
            await Task.Delay(10);
        }

        Assert.True(holds());
    }
}
