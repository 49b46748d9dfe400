using System.Buffers;
using FileSharing.Chunks;
using FileSharing.Chunks.Keys;

namespace FileSharing.BlobEngine;

/// <summary>One open volume. Surface first; the body follows.</summary>
public sealed class BlobStore : IAsyncDisposable
{
    public static Task<BlobStore> OpenAsync(
        VolumeOptions options,
        DataKeys keys,
        IDisk disk,
        TimeProvider time,
        CancellationToken ct
    ) => throw new NotSupportedException();

    public Guid VolumeId => throw new NotSupportedException();
    public ulong Incarnation => throw new NotSupportedException();
    public RecoveryReport Recovery => throw new NotSupportedException();
    public VolumeCondition Condition => throw new NotSupportedException();
    public IReadOnlyCollection<WrappedKey> StoredKeys => throw new NotSupportedException();

    public Task StoreKeysAsync(IReadOnlyCollection<WrappedKey> keys, CancellationToken ct) =>
        throw new NotSupportedException();

    public ValueTask<PutOutcome> PutAsync(ReadOnlyMemory<byte> record, PutOptions options, CancellationToken ct) =>
        throw new NotSupportedException();

    public RecordInfo? Find(ChunkId id) => throw new NotSupportedException();

    public ValueTask<bool> AdoptAsync(ChunkId id, uint epoch, CancellationToken ct) =>
        throw new NotSupportedException();

    public ValueTask<bool[]> AdoptAsync(IReadOnlyList<ChunkId> ids, uint epoch, CancellationToken ct) =>
        throw new NotSupportedException();

    public ValueTask<StoredRecord?> ReadRecordAsync(ChunkId id, CancellationToken ct) =>
        throw new NotSupportedException();

    public ValueTask<bool> ReadPlainAsync(
        ChunkId id,
        RecordKind kind,
        int offset,
        int length,
        IBufferWriter<byte> destination,
        CancellationToken ct
    ) => throw new NotSupportedException();

    public ValueTask DeleteAsync(IReadOnlyList<ChunkId> ids, CancellationToken ct) => throw new NotSupportedException();

    public ValueTask SettleAsync(IReadOnlyList<ChunkId> ids, CancellationToken ct) => throw new NotSupportedException();

    public IReadOnlyList<ChunkId> ListOwed(ChunkId? after, int max) => throw new NotSupportedException();

    public IReadOnlyList<RecordInfo> List(ChunkId? after, int max) => throw new NotSupportedException();

    public VolumeStats Stats() => throw new NotSupportedException();

    public ValueTask DisposeAsync() => throw new NotSupportedException();
}
