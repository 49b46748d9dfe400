using System.Net.Http.Json;
using System.Text.Json.Serialization;
using FileSharing.Chunks;
using FileSharing.Chunks.Keys;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Signing;

namespace FileSharing.Cluster.Wire;

/// <summary>Owners are asked: do you have these, and stamp them with this epoch.</summary>
public sealed record AdoptRequest(uint Epoch, IReadOnlyList<ChunkId> Ids)
{
    /// <summary>Ids a call; also of <see cref="HasRequest"/>.</summary>
    public const int IdsMax = 1_000;
}

/// <summary>Index only: no stamp, no reading of the record.</summary>
public sealed record HasRequest(IReadOnlyList<ChunkId> Ids);

/// <summary>In the order of the question.</summary>
public sealed record HaveReply(IReadOnlyList<bool> Have);

/// <summary>One directory of a node. Figures are 0 while it is not open.</summary>
/// <param name="Number">Which of the node's directories, from 1.</param>
/// <param name="VolumeId">Null while it is not open.</param>
/// <param name="Condition">writable, full, poisoned; opening, failed, refused, closed.</param>
/// <param name="Reason">Why it is failed or refused.</param>
/// <param name="SegmentsRemoved">By compaction since it was opened.</param>
/// <param name="BytesReclaimed">Bytes of these.</param>
/// <param name="ChallengesFailed">By the id of another volume: records that it listed and could not prove when this one asked, since this one was opened.</param>
/// <param name="BytesFetched">By moves and repair since it was opened.</param>
/// <param name="FetchBytesPerSecond">The same, over the last ten seconds or so.</param>
/// <param name="DataKeys">Ids of the data keys that lie on the volume.</param>
/// <param name="RecordsByKey">Live records by the data key that seals them; 0: not sealed.</param>
public sealed record VolumeStatus(
    int Number,
    string Directory,
    Guid? VolumeId,
    string Condition,
    string? Reason,
    long Incarnation,
    long Records,
    long LiveRecordBytes,
    long DiskBytes,
    long FreeBytes,
    long Owed,
    long Damaged,
    long SegmentsRemoved,
    long BytesReclaimed,
    IReadOnlyDictionary<Guid, long> ChallengesFailed,
    long BytesFetched,
    double FetchBytesPerSecond,
    IReadOnlyList<uint> DataKeys,
    IReadOnlyDictionary<uint, long> RecordsByKey
)
{
    /// <summary>Without figures: all are 0.</summary>
    public static VolumeStatus Of(int number, string directory, Guid? volumeId, string condition, string? reason) =>
        new(
            number,
            directory,
            volumeId,
            condition,
            reason,
            Incarnation: 0,
            Records: 0,
            LiveRecordBytes: 0,
            DiskBytes: 0,
            FreeBytes: 0,
            Owed: 0,
            Damaged: 0,
            SegmentsRemoved: 0,
            BytesReclaimed: 0,
            ChallengesFailed: new Dictionary<Guid, long>(),
            BytesFetched: 0,
            FetchBytesPerSecond: 0,
            DataKeys: [],
            RecordsByKey: new Dictionary<uint, long>()
        );

    /// <summary>Whether a data key must lie on it before the key is used: it takes records, or compacts. Others get the key when they are opened.</summary>
    [JsonIgnore]
    public bool NeedsKeys => Condition is "writable" or "full";

    /// <summary>Its node cannot read it now; it is in none of the figures.</summary>
    [JsonIgnore]
    public bool IsAway => Condition is "opening" or "failed" or "refused" or "closed";
}

public sealed record NodeStatus(Guid NodeId, string Name, long MapVersion, IReadOnlyList<VolumeStatus> Volumes);

/// <summary>The whole scrub of a volume that was asked for last.</summary>
/// <param name="Run">Counts those asked for since the node started.</param>
/// <param name="State">never, waiting, running, done, failed.</param>
/// <param name="Damaged">Records found damaged.</param>
/// <param name="IndexMismatches">Entries in which index and segments disagree.</param>
/// <param name="DamagedPlaces">Places of segments that are not as they were written.</param>
/// <param name="Reason">Why it failed.</param>
public sealed record ScrubStatus(
    Guid VolumeId,
    long Run,
    string State,
    int SegmentsDone,
    int Segments,
    long BytesDone,
    long Bytes,
    long Records,
    long Damaged,
    long IndexMismatches,
    int DamagedPlaces,
    DateTimeOffset? FinishedAt,
    string? Reason
)
{
    public const string Never = "never";
    public const string Waiting = "waiting";
    public const string Running = "running";
    public const string Done = "done";
    public const string Failed = "failed";
}

/// <summary>The one call without a MAC: the one-time token is the right to make it.</summary>
public sealed record JoinRequest(string Token, string Name);

public sealed record JoinReply(Guid NodeId, ClusterSecrets Secrets);

/// <param name="PreviousIncarnation">What the volume had before this opening; 0 when it is new.</param>
/// <param name="Number">Which of the node's directories, from 1; 0 from a node of a release that did not say.</param>
public sealed record RegisterVolume(
    Guid VolumeId,
    long PreviousIncarnation,
    long Incarnation,
    long CapacityBytes,
    int Number = 0
);

public sealed record RegisterRequest(Guid NodeId, Uri Url, string Zone, IReadOnlyList<RegisterVolume> Volumes);

/// <param name="Map">Signed bytes of the cluster map; null until enough nodes have registered.</param>
public sealed record RegisterReply(byte[]? Map);

/// <param name="Map">As in <see cref="RegisterReply"/>.</param>
public sealed record ClusterReply(ClusterSecrets Secrets, byte[]? Map);

/// <summary>Chunks that are durable on two owners and were put under this session.</summary>
public sealed record Notification(Guid UploadId, int Index, IReadOnlyList<ChunkSize> Chunks);

public sealed record NotificationBatch(IReadOnlyList<Notification> Items)
{
    public const int ItemsMax = 1_000;
}

/// <summary>What a node cut a positional part into.</summary>
public sealed record PartChunks(uint Epoch, IReadOnlyList<ChunkSize> Chunks);

/// <summary>One answer of a batch of chunks that was not stored.</summary>
public sealed record BatchFailure(int Index, string Type, string Detail);

public sealed record BatchReply(IReadOnlyList<Receipt> Receipts, IReadOnlyList<BatchFailure> Failed);

/// <summary>Every JSON message between processes, source-generated.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(MapHead))]
[JsonSerializable(typeof(AdoptRequest))]
[JsonSerializable(typeof(HasRequest))]
[JsonSerializable(typeof(HaveReply))]
[JsonSerializable(typeof(DigestRequest))]
[JsonSerializable(typeof(DigestReply))]
[JsonSerializable(typeof(RangeListRequest))]
[JsonSerializable(typeof(RangeListReply))]
[JsonSerializable(typeof(PartitionReports))]
[JsonSerializable(typeof(ChallengeRequest))]
[JsonSerializable(typeof(ChallengeReply))]
[JsonSerializable(typeof(NodeStatus))]
[JsonSerializable(typeof(ScrubStatus))]
[JsonSerializable(typeof(JoinRequest))]
[JsonSerializable(typeof(JoinReply))]
[JsonSerializable(typeof(RegisterRequest))]
[JsonSerializable(typeof(RegisterReply))]
[JsonSerializable(typeof(ClusterReply))]
[JsonSerializable(typeof(NotificationBatch))]
[JsonSerializable(typeof(PartChunks))]
[JsonSerializable(typeof(Receipt))]
[JsonSerializable(typeof(BatchReply))]
[JsonSerializable(typeof(WrappedKey))]
[JsonSerializable(typeof(Problem))]
public sealed partial class WireJson : JsonSerializerContext;

/// <summary>RFC 9457, as this product sends and reads it.</summary>
public sealed record Problem(
    string Type,
    string Title,
    int Status,
    string? Detail,
    [property: JsonPropertyName("trace_id")] string? TraceId
)
{
    public const string MediaType = "application/problem+json";

    /// <summary>Prefix of every <see cref="Type"/>.</summary>
    public const string TypePrefix = "urn:fileshare:error:";

    /// <summary>The type with which a node says that it runs, and the volume is not open: no reason to leave the node alone.</summary>
    public const string VolumeAway = TypePrefix + "volume-away";

    /// <summary>The type with which the API refuses an opening of a volume: another one is on record.</summary>
    public const string VolumeRefused = TypePrefix + "volume-refused";

    /// <summary>The type with which the API refuses a process whose node answers elsewhere.</summary>
    public const string NodeRefused = TypePrefix + "node-refused";

    /// <summary>The type with which a process refuses a call of its own cluster because the clocks of the two differ.</summary>
    public const string ClockDiffers = TypePrefix + "clock-differs";

    /// <summary>The type with which a process refuses an internal call that no process of its cluster has signed.</summary>
    public const string InternalOnly = TypePrefix + "internal-only";

    /// <summary>The problem that came with a response; null when it has none.</summary>
    public static async Task<Problem?> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(response);
        return response.Content.Headers.ContentType?.MediaType == MediaType
            ? await response.Content.ReadFromJsonAsync(WireJson.Default.Problem, cancellationToken)
            : null;
    }
}
