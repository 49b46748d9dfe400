using FileSharing.BlobEngine;
using FileSharing.Chunks;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Wire;
using FileSharing.StorageNode.Volumes;
using FileSharing.UnitTests.BlobEngine;

namespace FileSharing.UnitTests.StorageNode;

/// <summary>What a volume takes from other nodes, by whichever transport: one of four volumes, so that a quarter of all chunks is none of its own.</summary>
public sealed class VolumeSetTests
{
    private const long MapVersion = 2;

    [Fact]
    public async Task A_record_goes_to_its_owners_only()
    {
        await using var volume = new TestVolume();
        await using var store = await volume.OpenAsync();
        var (volumes, map) = await MakeAsync(volume, store);
        var (own, foreign) = (Record(volume, id => Owns(map, store, id)), Record(volume, id => !Owns(map, store, id)));

        Assert.Equal(RecordStatus.Stored, await PutAsync(volumes, store, MapVersion, own.Record));
        Assert.Equal(RecordStatus.NotAnOwner, await PutAsync(volumes, store, MapVersion, foreign.Record));
        Assert.Equal(
            RecordStatus.NotAnOwner,
            await volumes.PutAsync(Guid.NewGuid(), MapVersion, own.Record, 1, false, CancellationToken.None)
        );
        Assert.Null(store.Find(foreign.Id));
    }

    [Fact]
    public async Task A_sender_with_an_older_map_is_refused_and_one_with_a_newer_is_not()
    {
        await using var volume = new TestVolume();
        await using var store = await volume.OpenAsync();
        var (volumes, map) = await MakeAsync(volume, store);
        var (id, record) = Record(volume, id => Owns(map, store, id));

        Assert.Equal(RecordStatus.StaleMap, await PutAsync(volumes, store, MapVersion - 1, record));
        Assert.Null(store.Find(id));
        Assert.Equal(RecordStatus.Stored, await PutAsync(volumes, store, MapVersion + 1, record));
    }

    private static async Task<(VolumeSet Volumes, ClusterMap Map)> MakeAsync(TestVolume volume, BlobStore store)
    {
        var nodes = Enumerable
            .Range(1, 4)
            .Select(i => new MapNode(Guid.NewGuid(), $"{i}", new Uri($"http://127.0.0.1:{i}"), "zone"))
            .ToList();
        var map = ClusterMap.Build(
            MapVersion,
            TestVolume.Cluster,
            nodes,
            [.. nodes.Select((node, i) => new MapVolume(i == 0 ? store.VolumeId : Guid.NewGuid(), node.NodeId, 1))]
        );
        var holder = new MapHolder();
        holder.Offer(map);
        var volumes = new VolumeSet(holder, volume.Keys);
        await volumes.AddAsync(new OpenVolume(store, 1, capacityBytes: 1), CancellationToken.None);
        return (volumes, map);
    }

    private static bool Owns(ClusterMap map, BlobStore store, ChunkId id) =>
        map.OwnersOf(id).Any(owner => owner.VolumeId == store.VolumeId);

    private static (ChunkId Id, byte[] Record) Record(TestVolume volume, Predicate<ChunkId> isWanted)
    {
        for (var seed = 1; ; seed++)
        {
            var (id, _, record) = volume.MakeRecord(1000, seed);
            if (isWanted(id))
            {
                return (id, record);
            }
        }
    }

    private static ValueTask<RecordStatus> PutAsync(
        VolumeSet volumes,
        BlobStore store,
        long mapVersion,
        byte[] record
    ) => volumes.PutAsync(store.VolumeId, mapVersion, record, epoch: 1, owed: false, CancellationToken.None);
}
