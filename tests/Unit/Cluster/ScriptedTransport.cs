using FileSharing.Chunks;
using FileSharing.Cluster;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Transport;
using FileSharing.Cluster.Wire;

namespace FileSharing.UnitTests.Cluster;

/// <summary>Owners that answer as the test says.</summary>
internal sealed class ScriptedTransport : IChunkTransport
{
    public Func<MapVolume, CancellationToken, Task<FetchResult>> Get { get; init; } =
        (_, _) => throw new NotSupportedException();

    public Func<MapVolume, CancellationToken, Task<RecordStatus>> Put { get; init; } =
        (_, _) => throw new NotSupportedException();

    public async ValueTask<FetchResult> GetAsync(
        MapVolume target,
        ChunkId id,
        Action answered,
        CancellationToken cancellationToken
    ) => await Get(target, cancellationToken);

    public async ValueTask<RecordStatus> PutAsync(
        PutRecord put,
        RecordLease record,
        CancellationToken cancellationToken
    )
    {
        using var held = record.Retain();
        return await Put(put.Target, cancellationToken);
    }

    public ValueTask SettleAsync(
        MapVolume target,
        long mapVersion,
        IReadOnlyList<ChunkId> ids,
        CancellationToken cancellationToken
    ) => ValueTask.CompletedTask;

    public ValueTask<IReadOnlyList<bool>?> HasAsync(
        MapVolume target,
        IReadOnlyList<ChunkId> ids,
        CancellationToken cancellationToken
    ) => throw new NotSupportedException();
}
