using FileSharing.Chunks;
using Microsoft.Extensions.Logging;

namespace FileSharing.StorageNode;

/// <summary>Everything a storage node logs. Ids and counts, never keys, signatures or names of files.</summary>
internal static partial class LogMessages
{
    [LoggerMessage(1, LogLevel.Information, "Node {Name} ({NodeId}) serves {Address}, {Volumes} volume(s).")]
    public static partial void Serving(this ILogger log, string name, Guid nodeId, Uri address, int volumes);

    [LoggerMessage(
        2,
        LogLevel.Information,
        "Volume {VolumeId} at {Path}: incarnation {Incarnation}, {Records} records."
    )]
    public static partial void VolumeOpened(
        this ILogger log,
        Guid volumeId,
        string path,
        ulong incarnation,
        long records
    );

    [LoggerMessage(
        3,
        LogLevel.Warning,
        "Volume {VolumeId} was not closed cleanly: {Segments} segment(s) replayed, {Records} records, {TornBytes} B of unacknowledged tail cut."
    )]
    public static partial void VolumeReplayed(
        this ILogger log,
        Guid volumeId,
        int segments,
        long records,
        long tornBytes
    );

    [LoggerMessage(
        4,
        LogLevel.Error,
        "Volume {VolumeId}: segment {Segment} is damaged at {Offset} for {Bytes} B; its records are read from other owners."
    )]
    public static partial void VolumeDamaged(this ILogger log, Guid volumeId, uint segment, long offset, long bytes);

    [LoggerMessage(5, LogLevel.Information, "Joined cluster {ClusterId} as node {NodeId}.")]
    public static partial void Joined(this ILogger log, Guid clusterId, Guid nodeId);

    [LoggerMessage(6, LogLevel.Information, "Registered {Volumes} volume(s) with the API.")]
    public static partial void Registered(this ILogger log, int volumes);

    [LoggerMessage(7, LogLevel.Information, "Cluster map version {Version} is in use.")]
    public static partial void MapTaken(this ILogger log, long version);

    [LoggerMessage(8, LogLevel.Debug, "The API cannot be asked: {Reason}")]
    public static partial void ApiAway(this ILogger log, string reason);

    [LoggerMessage(9, LogLevel.Warning, "{Count} notification(s) wait for the API: {Reason}")]
    public static partial void NotificationsDelayed(this ILogger log, int count, string reason);

    [LoggerMessage(
        10,
        LogLevel.Warning,
        "Too many notifications wait: one of upload {UploadId} was dropped, its receipt is the proof."
    )]
    public static partial void NotificationDropped(this ILogger log, Guid uploadId);

    [LoggerMessage(11, LogLevel.Error, "{Id} is damaged on volume {VolumeId}; read from another owner.")]
    public static partial void ChunkDamaged(this ILogger log, ChunkId id, Guid volumeId);

    [LoggerMessage(12, LogLevel.Information, "{Id} on volume {VolumeId} was healed from another owner.")]
    public static partial void ChunkHealed(this ILogger log, ChunkId id, Guid volumeId);

    [LoggerMessage(13, LogLevel.Warning, "{Id} could not be healed on volume {VolumeId}: {Reason}")]
    public static partial void ChunkNotHealed(this ILogger log, ChunkId id, Guid volumeId, string reason);

    [LoggerMessage(14, LogLevel.Error, "A download of {Id} was cut off: {Reason}")]
    public static partial void DownloadCut(this ILogger log, ChunkId id, string reason);

    [LoggerMessage(
        15,
        LogLevel.Information,
        "Volume {VolumeId}: {Delivered} owed record(s) delivered, {Settled} mark(s) lifted."
    )]
    public static partial void OwedDelivered(this ILogger log, Guid volumeId, int delivered, int settled);

    [LoggerMessage(16, LogLevel.Error, "{Method} {Path} failed.")]
    public static partial void RequestFailed(this ILogger log, Exception error, string method, string path);

    [LoggerMessage(17, LogLevel.Critical, "The cluster refuses this node: {Reason}")]
    public static partial void Refused(this ILogger log, string reason);

    [LoggerMessage(18, LogLevel.Warning, "Waiting for the API at {Api} to join the cluster: {Reason}")]
    public static partial void WaitingToJoin(this ILogger log, Uri api, string reason);

    [LoggerMessage(19, LogLevel.Warning, "Owed delivery paused: {Reason}")]
    public static partial void OwedPaused(this ILogger log, string reason);

    [LoggerMessage(
        20,
        LogLevel.Warning,
        "The API refused {Count} notification(s) for good, they are dropped and the clients' receipts are the proof: {Reason}"
    )]
    public static partial void NotificationsRefused(this ILogger log, int count, string reason);

    [LoggerMessage(21, LogLevel.Warning, "Owed {Id} on volume {VolumeId} is left for the next round: {Reason}")]
    public static partial void OwedRecordSkipped(this ILogger log, ChunkId id, Guid volumeId, string reason);

    [LoggerMessage(22, LogLevel.Warning, "Volume {VolumeId} is full: it takes no new records, and reads go on.")]
    public static partial void VolumeIsFull(this ILogger log, Guid volumeId);

    [LoggerMessage(
        23,
        LogLevel.Critical,
        "Volume {VolumeId} failed to write or to sync: it only reads until the node is started again. Look at the disk first."
    )]
    public static partial void VolumeIsPoisoned(this ILogger log, Guid volumeId);

    [LoggerMessage(24, LogLevel.Information, "Volume {VolumeId} takes new records again.")]
    public static partial void VolumeIsWritable(this ILogger log, Guid volumeId);

    [LoggerMessage(25, LogLevel.Error, "News of the cluster cannot be taken, and is asked for again: {Reason}")]
    public static partial void NewsNotTaken(this ILogger log, string reason);

    [LoggerMessage(
        26,
        LogLevel.Error,
        "{Directory} cannot be opened; it is tried again, the other volumes serve: {Reason}"
    )]
    public static partial void VolumeNotOpened(this ILogger log, string directory, string reason);

    [LoggerMessage(
        27,
        LogLevel.Critical,
        "The cluster refuses volume {VolumeId} at {Directory}, it is closed: {Reason}"
    )]
    public static partial void VolumeRefused(this ILogger log, Guid volumeId, string directory, string reason);

    [LoggerMessage(
        28,
        LogLevel.Error,
        "The index of volume {VolumeId} at {Directory} is damaged: the volume is closed and opened again, with a new index."
    )]
    public static partial void VolumeReopens(this ILogger log, Guid volumeId, string directory);

    [LoggerMessage(
        29,
        LogLevel.Error,
        "The volume at {Directory} was not closed cleanly; the next opening recovers it."
    )]
    public static partial void VolumeNotClosed(this ILogger log, Exception error, string directory);

    [LoggerMessage(30, LogLevel.Error, "{Daemon} of volume {VolumeId} broke and begins again in a minute.")]
    public static partial void VolumeDaemonBroke(this ILogger log, Exception error, string daemon, Guid volumeId);

    [LoggerMessage(
        31,
        LogLevel.Information,
        "Volume {VolumeId}: {Segments} segment(s) removed, {Bytes} B given back, {Moved} record(s) moved; {Kept} segment(s) wait for a repair."
    )]
    public static partial void Compacted(
        this ILogger log,
        Guid volumeId,
        int segments,
        long bytes,
        long moved,
        int kept
    );

    [LoggerMessage(32, LogLevel.Warning, "Volume {VolumeId} cannot be compacted now, it is tried again: {Reason}")]
    public static partial void CompactionPaused(this ILogger log, Guid volumeId, string reason);

    [LoggerMessage(33, LogLevel.Information, "Volume {VolumeId} has become full: it is compacted without rests.")]
    public static partial void CompactionHurries(this ILogger log, Guid volumeId);

    [LoggerMessage(
        34,
        LogLevel.Information,
        "Volume {VolumeId} scrubbed: {Segments} segment(s), {Bytes} B, {Records} record(s), all good."
    )]
    public static partial void Scrubbed(this ILogger log, Guid volumeId, int segments, long bytes, long records);

    [LoggerMessage(
        35,
        LogLevel.Error,
        "Volume {VolumeId} is damaged: {Damaged} of {Records} record(s), at {Places} place(s); {Mismatches} entries of the index are wrong. Repair begins by itself; look at the disk."
    )]
    public static partial void ScrubFoundDamage(
        this ILogger log,
        Guid volumeId,
        long damaged,
        long records,
        int places,
        long mismatches
    );

    [LoggerMessage(36, LogLevel.Warning, "Volume {VolumeId} cannot be scrubbed now, it is tried again: {Reason}")]
    public static partial void ScrubPaused(this ILogger log, Guid volumeId, string reason);

    [LoggerMessage(40, LogLevel.Information, "Data key {KeyId} is on every volume; new records are sealed with it.")]
    public static partial void DataKeyInUse(this ILogger log, uint keyId);

    [LoggerMessage(
        41,
        LogLevel.Error,
        "Data key {KeyId} of the API cannot be taken: {Reason} New records are sealed with the key before it. See docs/encryption.md."
    )]
    public static partial void DataKeyRefused(this ILogger log, uint keyId, string reason);

    [LoggerMessage(
        42,
        LogLevel.Warning,
        "Data key {KeyId} could not be stored on volume {VolumeId}, which refuses records under it until it can: {Reason}"
    )]
    public static partial void DataKeyNotStored(this ILogger log, uint keyId, Guid volumeId, string reason);

    [LoggerMessage(
        50,
        LogLevel.Warning,
        "Volume {VolumeId} cannot be compared with volume {SourceId} now, it is tried again: {Reason}"
    )]
    public static partial void ComparisonPaused(this ILogger log, Guid volumeId, Guid sourceId, string reason);

    [LoggerMessage(
        51,
        LogLevel.Warning,
        "Volume {VolumeId} lacked {Records} record(s) that volume {SourceId} holds, and has them now."
    )]
    public static partial void PartitionsMadeGood(this ILogger log, Guid volumeId, Guid sourceId, long records);

    [LoggerMessage(
        52,
        LogLevel.Debug,
        "What volume {VolumeId} found by comparing could not be reported, it is compared again: {Reason}"
    )]
    public static partial void PartitionsNotReported(this ILogger log, Guid volumeId, string reason);

    [LoggerMessage(
        53,
        LogLevel.Information,
        "Volume {VolumeId} has given {Records} record(s) that belong elsewhere to those who are to have them."
    )]
    public static partial void StraysGivenUp(this ILogger log, Guid volumeId, int records);

    [LoggerMessage(
        55,
        LogLevel.Error,
        "Volume {SourceId} lists {ChunkId} and could not prove that it has its bytes. Scrub it; if it says that all is well, distrust the node."
    )]
    public static partial void ChallengeFailed(this ILogger log, Guid sourceId, ChunkId chunkId);

    [LoggerMessage(54, LogLevel.Warning, "Volume {VolumeId} keeps records that belong elsewhere for now: {Reason}")]
    public static partial void StraysStay(this ILogger log, Guid volumeId, string reason);

    [LoggerMessage(56, LogLevel.Error, "The API refuses the calls of this node: {Reason}")]
    public static partial void CallsRefused(this ILogger log, string reason);

    [LoggerMessage(
        57,
        LogLevel.Error,
        "That volume {VolumeId} is refused cannot be noted on it, and it will be offered to the cluster again: {Reason}"
    )]
    public static partial void RefusalNotNoted(this ILogger log, Guid volumeId, string reason);
}
