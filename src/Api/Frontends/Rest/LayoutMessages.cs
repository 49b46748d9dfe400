using FileSharing.Chunks;

namespace FileSharing.Api.Frontends.Rest;

// The messages of layouts and repair, as docs/rest.md describes them.

/// <param name="Operation">add, remove, reweight or drain.</param>
/// <param name="Volume">A name such as 2/1, or an id.</param>
/// <param name="Weight">Above 0; for add its capacity when left out.</param>
internal sealed record LayoutChangeRequest(string? Operation, string? Volume, double? Weight = null);

/// <param name="Plan">Apply only if it is still this plan.</param>
internal sealed record LayoutApplyRequest(string? Plan = null);

/// <param name="Share">Of all partition replicas, as the applied layout gives it; 0 to 1.</param>
/// <param name="Partitions">Replicas that it owns now.</param>
/// <param name="PartitionsWanted">Replicas that it is to own.</param>
/// <param name="Bytes">Of live records on it; null when it cannot be asked.</param>
/// <param name="State">up, down, cut off, replaced, or lost: an administrator has given it up.</param>
internal sealed record LayoutMemberMessage(
    string Volume,
    Guid VolumeId,
    string Node,
    string Zone,
    double Weight,
    double Share,
    int Partitions,
    int PartitionsWanted,
    long? Bytes,
    string State
);

/// <param name="Members">As they are to be; only what an edit says, not where it leads: that is for the plan.</param>
internal sealed record StagedLayoutMessage(
    string Author,
    string Reason,
    DateTime CreatedAt,
    IReadOnlyList<StagedMemberMessage> Members
);

internal sealed record StagedMemberMessage(string Volume, Guid VolumeId, double Weight);

/// <param name="BytesLeft">To be fetched, of moves under way and waiting.</param>
/// <param name="EstimateSeconds">At least: at the pace of the last seconds, at the present budget while nothing is fetched.</param>
internal sealed record MovesMessage(int UnderWay, int Waiting, long BytesLeft, double EstimateSeconds);

/// <param name="Floor">No process acts under a map of a lower version any more.</param>
/// <param name="Staged">Null when nothing is staged.</param>
internal sealed record LayoutReply(
    long LayoutId,
    string Author,
    string Reason,
    DateTime CreatedAt,
    long MapVersion,
    long Floor,
    long RepairBytesPerSecond,
    IReadOnlyList<LayoutMemberMessage> Members,
    MovesMessage Moves,
    StagedLayoutMessage? Staged
);

/// <param name="Gains">Partition replicas that it gets.</param>
/// <param name="Losses">Partition replicas that it gives away.</param>
/// <param name="BytesIn">That it has to fetch.</param>
internal sealed record PlanVolumeMessage(
    string Volume,
    Guid VolumeId,
    double Weight,
    int PartitionsBefore,
    int PartitionsAfter,
    int Gains,
    int Losses,
    long BytesIn
);

/// <param name="Plan">Names it, for apply.</param>
/// <param name="Moves">Partition replicas that move.</param>
/// <param name="MovesMin">What would have to move at least.</param>
/// <param name="Bytes">Of these moves.</param>
/// <param name="EstimateSeconds">At the present budget, at least.</param>
internal sealed record LayoutPlanReply(
    string Plan,
    int Moves,
    int MovesMin,
    long Bytes,
    double EstimateSeconds,
    long RepairBytesPerSecond,
    IReadOnlyList<PlanVolumeMessage> Volumes
);

/// <param name="Volumes">Names such as 2/1, or ids, of those that never come back.</param>
internal sealed record AcceptLossRequest(IReadOnlyList<string>? Volumes = null);

/// <summary>A version that cannot be read without the chunk or manifest.</summary>
/// <param name="Owner">E-mail address of the owner of the space.</param>
/// <param name="Path">From the root of that space.</param>
/// <param name="Current">False for an earlier version of the file.</param>
/// <param name="Trashed">The file, or a folder above it, is in the trash.</param>
internal sealed record LossUseMessage(
    Guid FileId,
    Guid VersionId,
    string Owner,
    string Path,
    bool Current,
    bool Trashed
);

/// <param name="Kind">chunk or manifest.</param>
/// <param name="Size">Plain bytes of a chunk.</param>
/// <param name="MayBeOn">Volumes that could not be asked and are not given up; when there is none, it is lost.</param>
/// <param name="Files">The first of the versions that need it.</param>
/// <param name="FilesTotal">All of these.</param>
internal sealed record LossMessage(
    ChunkId Id,
    string Kind,
    int? Size,
    int Partition,
    IReadOnlyList<string> MayBeOn,
    IReadOnlyList<LossUseMessage> Files,
    long FilesTotal
);

internal sealed record LossPage(IReadOnlyList<LossMessage> Items, string? NextCursor);

/// <summary>Partitions without an owner that is up.</summary>
/// <param name="Volumes">Their owners, all of them down.</param>
internal sealed record UnavailableMessage(IReadOnlyList<string> Volumes, IReadOnlyList<int> Partitions);

/// <param name="Reverted">staged: what was staged was thrown away; applied: the layout before this one is the layout again.</param>
internal sealed record LayoutRevertReply(string Reverted, string Reason);

/// <summary>What is left out stays as it is.</summary>
internal sealed record RepairBudgetRequest(long? BytesPerSecond = null, double? Share = null);

/// <param name="BytesPerSecond">That one volume may fetch, for moves and repair together.</param>
/// <param name="Share">Of its time, that one volume may spend on them; 1 for all of it.</param>
internal sealed record RepairBudgetReply(long BytesPerSecond, double Share);

/// <param name="Lacking">Records that an owner lacked at its last comparison with another.</param>
/// <param name="BytesLeft">Of these.</param>
/// <param name="NotCompared">Comparisons of owners of which nothing is known yet.</param>
/// <param name="PartitionsDegraded">Partitions with an owner that is down now.</param>
/// <param name="PartitionsUnavailable">Of these, those with no owner that is up.</param>
/// <param name="AgeSeconds">Age of the oldest comparison that is counted; null when there is none.</param>
internal sealed record ComparisonsMessage(
    long Lacking,
    long BytesLeft,
    int NotCompared,
    int PartitionsDegraded,
    int PartitionsUnavailable,
    double? AgeSeconds
);
