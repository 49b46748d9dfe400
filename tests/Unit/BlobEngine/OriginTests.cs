using FileSharing.BlobEngine;
using FileSharing.Chunks;
using Xunit;

namespace FileSharing.UnitTests.BlobEngine;

/// <summary>What reclaiming will leave: old records in segments that are younger than the notes about them.</summary>
public sealed class OriginTests : IAsyncDisposable
{
    private const ulong PutSequence = 1;
    private const ulong DeleteSequence = 2;
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly TestVolume volume = new(isEncrypted: false);

    public ValueTask DisposeAsync() => volume.DisposeAsync();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_deleted_record_carried_forward_into_a_later_segment_stays_deleted(bool isSealed)
    {
        var (id, record, volumeId) = await PutAndDeleteAsync();
        CarryForward(volumeId, record, PutSequence, isSealed);
        await using var rebuilt = await RebuildAsync();
        Assert.Null(rebuilt.Find(id));
        Assert.Equal(0, rebuilt.Stats().Records);
        Assert.Empty(rebuilt.Recovery.Damage);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_record_first_stated_after_its_delete_is_live_when_carried_forward(bool isSealed)
    {
        var (id, record, volumeId) = await PutAndDeleteAsync();
        CarryForward(volumeId, record, DeleteSequence + 1, isSealed);
        await using var rebuilt = await RebuildAsync();
        Assert.NotNull(rebuilt.Find(id));
        using var stored = await rebuilt.ReadRecordAsync(id, None);
        Assert.Equal(record, stored!.Memory.ToArray());
    }

    [Fact]
    public async Task An_old_delete_carried_forward_does_not_delete_a_newer_record()
    {
        var (id, record, volumeId) = await PutAndDeleteAsync();
        await using (var store = await volume.OpenAsync())
        {
            await store.PutAsync(record, new PutOptions(1, false), None);
        }

        using (var segment = new CraftedSegment(volume, volumeId, 2, number: 2, sequence: 20))
        {
            segment.AddNote(new Note(NoteKind.Delete, 0, 0, id), DeleteSequence);
            segment.WriteBatch();
            segment.Seal();
        }

        await using var rebuilt = await RebuildAsync();
        Assert.NotNull(rebuilt.Find(id));
    }

    [Fact]
    public async Task A_record_that_lies_in_two_segments_is_counted_once_by_a_rebuild_and_keeps_its_higher_stamp()
    {
        var (id, _, record) = volume.MakeRecord(1500, 1);
        Guid volumeId;
        await using (var store = await volume.OpenAsync())
        {
            await store.PutAsync(record, new PutOptions(TouchEpoch: 7, Owed: false), None);
            volumeId = store.VolumeId;
        }

        CarryForward(volumeId, record, origin: 20, isSealed: true);
        await using var rebuilt = await RebuildAsync();
        Assert.Equal(1, rebuilt.Stats().Records);
        Assert.Equal(record.Length, rebuilt.Stats().LiveRecordBytes);
        Assert.Equal(7u, rebuilt.Find(id)!.TouchEpoch);
    }

    private async Task<(ChunkId Id, byte[] Record, Guid VolumeId)> PutAndDeleteAsync()
    {
        await using var store = await volume.OpenAsync();
        var (id, _, record) = volume.MakeRecord(1500, 1);
        await store.PutAsync(record, new PutOptions(1, false), None);
        await store.DeleteAsync([id], None);
        return (id, record, store.VolumeId);
    }

    private void CarryForward(Guid volumeId, byte[] record, ulong origin, bool isSealed)
    {
        using var segment = new CraftedSegment(volume, volumeId, 1, number: 2, sequence: 20);
        segment.AddRecord(record, FrameFlags.None, touchEpoch: 1, origin);
        segment.WriteBatch();
        if (isSealed)
        {
            segment.Seal();
        }
    }

    private Task<BlobStore> RebuildAsync()
    {
        Directory.Delete(Path.Combine(volume.Options.Path, "index"), recursive: true);
        return volume.OpenAsync();
    }
}
