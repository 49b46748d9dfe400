using System.Buffers.Binary;
using System.Security.Cryptography;
using FileSharing.BlobEngine;
using FileSharing.Chunks;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Transport;
using FileSharing.Cluster.Wire;
using FileSharing.StorageNode.Volumes;
using Microsoft.Extensions.Logging;

namespace FileSharing.StorageNode.Repair;

/// <summary>
/// Asks another volume to prove that it has the bytes that it lists. An index that lists what the disk has lost, or a node that lies, is found by it long before somebody needs the
/// copy. Only what this volume can prove itself is asked for: else its own damage would be called another's. Nor what is owed here: it may have been put since the two were compared,
/// and not have got there yet.
/// </summary>
internal sealed class Challenger(IVolumeCalls calls, RandomNumberGenerator random, ILogger<Challenger> log)
{
    /// <summary>Records of one slice of partitions.</summary>
    private const int RecordsMax = 4;

    /// <param name="partitions">At least one; both own them, have just compared them, and hold something of them.</param>
    public async Task RunAsync(
        OpenVolume own,
        MapVolume source,
        IReadOnlyList<int> partitions,
        CancellationToken cancellationToken
    )
    {
        var ids = Draw(own.Store, partitions);
        if (ids.Count == 0)
        {
            // All of it was deleted meanwhile, or is owed.
            return;
        }

        var nonce = new byte[ChallengeRequest.NonceBytes];
        random.GetBytes(nonce);
        var proofs = await calls.ChallengeAsync(source, new ChallengeRequest(nonce, ids), cancellationToken);
        for (var i = 0; i < ids.Count; i++)
        {
            var expected = await TryProveAsync(own.Store, ids[i], nonce, cancellationToken);
            if (expected is not null && (proofs[i] is not { } proof || !proof.AsSpan().SequenceEqual(expected)))
            {
                own.Activity.ChallengeFailed(source.VolumeId);
                log.ChallengeFailed(source.VolumeId, ids[i]);
            }
        }
    }

    /// <summary>Each from a random place of a random partition, so that nobody can know which come next.</summary>
    private List<ChunkId> Draw(BlobStore store, IReadOnlyList<int> partitions)
    {
        var ids = new HashSet<ChunkId>();
        for (var i = 0; i < RecordsMax; i++)
        {
            var range = HashRange.OfPartition(partitions[Below(partitions.Count)]);
            var part = range.Split().ElementAt(Below(HashRange.Parts));
            var found = RangeRecords.Of(store, range, part.Before).Concat(RangeRecords.Of(store, range, range.Before));
            foreach (var record in found.Where(record => !record.Owed).Take(1))
            {
                ids.Add(record.Id);
            }
        }

        return [.. ids];
    }

    private int Below(int count)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        random.GetBytes(bytes);
        return (int)(BinaryPrimitives.ReadUInt64LittleEndian(bytes) % (ulong)count);
    }

    private static async Task<byte[]?> TryProveAsync(
        BlobStore store,
        ChunkId id,
        byte[] nonce,
        CancellationToken cancellationToken
    )
    {
        try
        {
            return await store.ProveAsync(id, nonce, cancellationToken);
        }
        catch (BlobException error) when (error.Error is BlobError.Damaged or BlobError.UnknownKey)
        {
            return null;
        }
    }
}
