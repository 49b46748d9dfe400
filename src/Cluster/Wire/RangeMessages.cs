using FileSharing.Chunks;
using FileSharing.Cluster.Map;

namespace FileSharing.Cluster.Wire;

/// <summary>What does the volume hold in these ranges, told by a digest each.</summary>
/// <param name="Nonce">Another one every time: nobody can prepare ids whose digests cancel out.</param>
public sealed record DigestRequest(ulong Nonce, IReadOnlyList<HashRange> Ranges)
{
    /// <summary>Ranges a call.</summary>
    public const int RangesMax = 1_024;
}

/// <summary>In the order of the question.</summary>
public sealed record DigestReply(IReadOnlyList<RangeDigest> Digests);

/// <summary>Equal for equal sets of ids under one nonce.</summary>
/// <param name="Records">Good ones: those known to be damaged count as absent.</param>
/// <param name="High">Upper half of the sum of the hashes of the ids.</param>
/// <param name="Low">Lower half.</param>
public sealed record RangeDigest(long Records, ulong High, ulong Low);

/// <summary>Part of what the volume holds in one range, in order of id.</summary>
/// <param name="After">Only ids after this one.</param>
public sealed record RangeListRequest(HashRange Range, ChunkId? After);

/// <param name="Records">At most <see cref="RecordsMax"/>; fewer: there are no more.</param>
public sealed record RangeListReply(IReadOnlyList<ListedRecord> Records)
{
    public const int RecordsMax = 1_000;
}

/// <param name="Epoch">The stamp that it carries.</param>
/// <param name="Bytes">Length of the record.</param>
public sealed record ListedRecord(ChunkId Id, uint Epoch, int Bytes);

/// <summary>One volume has compared a partition with another: docs/cluster.md, section 5.</summary>
/// <param name="Volume">Which has looked for what it lacks.</param>
/// <param name="Source">Which it has compared with.</param>
/// <param name="Floor">The floor that the node knew when the comparison began.</param>
/// <param name="Records">What the volume holds of the partition now.</param>
/// <param name="Lacking">What the source holds and the volume still does not.</param>
/// <param name="BytesLeft">Bytes of these.</param>
public sealed record PartitionReport(
    int Partition,
    Guid Volume,
    Guid Source,
    long Floor,
    long Records,
    long Lacking,
    long BytesLeft
);

public sealed record PartitionReports(IReadOnlyList<PartitionReport> Items)
{
    /// <summary>Reports a call.</summary>
    public const int ItemsMax = 1_000;
}

/// <summary>Prove that you have the bytes of these.</summary>
/// <param name="Nonce">Another one every time, so that no answer can be kept for later.</param>
public sealed record ChallengeRequest(byte[] Nonce, IReadOnlyList<ChunkId> Ids)
{
    /// <summary>Ids a call: each is read from the disk and opened.</summary>
    public const int IdsMax = 16;

    public const int NonceBytes = 32;
}

/// <summary>HMAC-SHA256 under the nonce over the plaintext, in the order of the question; null for what is absent or damaged.</summary>
public sealed record ChallengeReply(IReadOnlyList<byte[]?> Proofs);
