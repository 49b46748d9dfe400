using System.Text.Json.Serialization;
using FileSharing.Chunks;
using FileSharing.Cluster.Signing;

namespace FileSharing.Api.Frontends.Rest;

// The messages of the REST interface, as docs/rest.md describes them; snake_case on the wire.

internal sealed record LoginRequest(string? Email, string? Password);

internal sealed record LoginReply(string Token, DateTime ExpiresAt);

internal sealed record NewUserRequest(string? Email, string? Name, string? Password);

internal sealed record UserReply(Guid UserId, string Name, string Email, bool IsAdministrator, DateTime CreatedAt);

internal sealed record UserPage(IReadOnlyList<UserReply> Items, string? NextCursor);

internal sealed record NewFile(string? Name, long? Size, string? Type = null, string? Fingerprint = null);

internal sealed record ChunkSizeMessage(ChunkId Id, long Size);

internal sealed record UploadRequest(
    NewFile? Metadata = null,
    string? ParentId = null,
    Guid? FileId = null,
    IReadOnlyList<ChunkSizeMessage>? Chunks = null,
    bool More = false,
    long? PartSize = null
);

internal sealed record MoreChunksRequest(IReadOnlyList<ChunkSizeMessage>? Chunks = null, bool Last = false);

internal sealed record PartMessage(
    int Index,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] ChunkId? ChunkId,
    long Size,
    string Status,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Url,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<string>? Urls
);

internal sealed record UploadReply(
    Guid FileId,
    Guid UploadId,
    string Status,
    IReadOnlyList<string> UploadUrls,
    IReadOnlyList<PartMessage> Parts,
    string? NextCursor,
    long Size,
    long PartSize,
    int PartCount,
    string ChunkingPolicy,
    DateTime ExpiresAt,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? UploadedBytes,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Guid? VersionId
);

internal sealed record CompleteRequest(IReadOnlyList<Receipt>? Receipts = null);

internal sealed record CompleteReply(Guid FileId, Guid VersionId, long Size, string? Fingerprint);

internal sealed record StatusReply(string Status);

internal sealed record DownloadReply(string DownloadUrl, IReadOnlyList<string> DownloadUrls, DownloadMetadata Metadata);

internal sealed record DownloadMetadata(string Name, long Size, string Type, Guid VersionId, string? Fingerprint);

internal sealed record MetadataReply(FileMetadata Metadata);

internal sealed record FileMetadata(
    Guid FileId,
    string Kind,
    string Name,
    long Size,
    string? Type,
    DateTime UploadDate,
    Guid? VersionId,
    string Status,
    string Owner,
    Guid? ParentId,
    string? Fingerprint,
    string? Compression,
    string Permissions,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<ChunkMessage>? Chunks,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? NextCursor
);

internal sealed record ChunkMessage(ChunkId Id, long Size, string Status);

internal sealed record EntryMessage(
    Guid FileId,
    string Kind,
    string Name,
    long Size,
    string? Type,
    DateTime UploadDate,
    Guid? VersionId,
    Guid? ParentId,
    string? Fingerprint
);

internal sealed record EntryPage(IReadOnlyList<EntryMessage> Items, string? NextCursor);

internal sealed record SharedEntryMessage(
    Guid FileId,
    string Kind,
    string Name,
    long Size,
    string? Type,
    DateTime UploadDate,
    Guid? VersionId,
    string? Fingerprint,
    Guid ShareId,
    string Permissions,
    string Owner
);

internal sealed record SharedEntryPage(IReadOnlyList<SharedEntryMessage> Items, string? NextCursor);

internal sealed record ShareRequest(string? FileId, string? SharedWith, string? Permissions);

internal sealed record ShareReply(string Status, Guid ShareId);

internal sealed record ShareMessage(
    Guid ShareId,
    Guid SharedWith,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? SharedWithEmail,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? SharedWithGroup,
    string Permissions,
    DateTime CreatedAt
);

internal sealed record SharePage(IReadOnlyList<ShareMessage> Items, string? NextCursor);

internal sealed record NewFolderRequest(string? Name, string? ParentId = null);

internal sealed record FolderReply(Guid FolderId);

internal sealed record MoveRequest(string? Name = null, string? ParentId = null);

internal sealed record NewJoinTokenRequest(string? Name = null);

internal sealed record JoinTokenReply(string Token, DateTime ExpiresAt);

/// <param name="State">up: it answered; unreachable: it did not.</param>
/// <param name="Reason">Why it is unreachable, when the API has tried.</param>
internal sealed record NodeMessage(
    Guid NodeId,
    string Name,
    string Url,
    string Zone,
    string State,
    string? Reason,
    IReadOnlyList<VolumeMessage> Volumes
);

/// <param name="ChallengesFailed">Records that it lists and could not prove to have when other volumes asked, since these were opened: its disk has lost them, or its node lies.</param>
internal sealed record VolumeMessage(
    string Name,
    Guid? VolumeId,
    string Directory,
    string Condition,
    string? Reason,
    long Records,
    long LiveRecordBytes,
    long DiskBytes,
    long FreeBytes,
    long Owed,
    long Damaged,
    long ChallengesFailed,
    long ReclaimedBytes,
    long FetchedBytes
);

internal sealed record ScrubRequest(string? Volume = null);

internal sealed record ScrubReply(IReadOnlyList<ScrubMessage> Items);

internal sealed record ScrubMessage(
    string Volume,
    Guid? VolumeId,
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
);

internal sealed record ClusterStatusReply(
    long LogicalBytes,
    long StoredBytes,
    long DiskBytes,
    long Chunks,
    long Files,
    long Users,
    long? UnderReplicated,
    long? Missing,
    DateTimeOffset? VerifiedAt,
    double? EvidenceAgeSeconds,
    long MapVersion,
    long Damaged,
    int VolumesAway,
    long ChallengesFailed,
    long RepairQueue,
    double? RepairEstimateSeconds,
    MovesMessage? Moves,
    ComparisonsMessage? Comparisons,
    IReadOnlyList<UnavailableMessage> Unavailable,
    IReadOnlyList<NodeMessage> Nodes
);

/// <param name="State">pending: storage nodes are storing it; active: it seals new records; old: it opens what it has sealed.</param>
/// <param name="Records">Live records under it, every copy counted, on the nodes that answered.</param>
internal sealed record DataKeyMessage(uint KeyId, DateTimeOffset CreatedAt, string State, long Records);

/// <param name="OldRecords">Those not under the active key; compaction rewrites them.</param>
/// <param name="UnencryptedRecords">Part of <paramref name="OldRecords"/> in a cluster that encrypts.</param>
/// <param name="WaitingFor">Names of the nodes that have not stored the pending key.</param>
/// <param name="NotCounted">Names of the nodes that did not answer, and of volumes that are not open (as 1/2): their records are in no figure.</param>
internal sealed record EncryptionReply(
    bool IsEncrypted,
    uint ActiveKey,
    IReadOnlyList<DataKeyMessage> Keys,
    long OldRecords,
    long UnencryptedRecords,
    IReadOnlyList<string> WaitingFor,
    IReadOnlyList<string> NotCounted
);

internal sealed record HealthReply(
    string Status,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Detail
);

internal sealed record ClusterHealthReply(
    string Status,
    long? UnderReplicated,
    long? Missing,
    double? EvidenceAgeSeconds,
    int NodesTotal,
    int NodesReachable,
    long RepairQueue,
    double? RepairEstimateSeconds,
    long Damaged,
    int VolumesAway,
    long ChallengesFailed,
    MovesMessage? Moves,
    ComparisonsMessage? Comparisons,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<NodeMessage>? Nodes
);

/// <summary>Source-generated JSON of every message, and of the problems.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ApiProblem))]
// Query parameters, for the OpenAPI document.
[JsonSerializable(typeof(int?))]
[JsonSerializable(typeof(bool?))]
[JsonSerializable(typeof(Guid?))]
[JsonSerializable(typeof(string))]
[JsonSerializable(typeof(string[]))]
[JsonSerializable(typeof(LoginRequest))]
[JsonSerializable(typeof(LoginReply))]
[JsonSerializable(typeof(NewUserRequest))]
[JsonSerializable(typeof(UserReply))]
[JsonSerializable(typeof(UserPage))]
[JsonSerializable(typeof(UploadRequest))]
[JsonSerializable(typeof(MoreChunksRequest))]
[JsonSerializable(typeof(UploadReply))]
[JsonSerializable(typeof(CompleteRequest))]
[JsonSerializable(typeof(CompleteReply))]
[JsonSerializable(typeof(StatusReply))]
[JsonSerializable(typeof(DownloadReply))]
[JsonSerializable(typeof(MetadataReply))]
[JsonSerializable(typeof(EntryPage))]
[JsonSerializable(typeof(SharedEntryPage))]
[JsonSerializable(typeof(ShareRequest))]
[JsonSerializable(typeof(ShareReply))]
[JsonSerializable(typeof(SharePage))]
[JsonSerializable(typeof(NewFolderRequest))]
[JsonSerializable(typeof(FolderReply))]
[JsonSerializable(typeof(MoveRequest))]
[JsonSerializable(typeof(NewJoinTokenRequest))]
[JsonSerializable(typeof(JoinTokenReply))]
[JsonSerializable(typeof(ClusterStatusReply))]
[JsonSerializable(typeof(ScrubRequest))]
[JsonSerializable(typeof(ScrubReply))]
[JsonSerializable(typeof(DataKeyMessage))]
[JsonSerializable(typeof(EncryptionReply))]
[JsonSerializable(typeof(LayoutChangeRequest))]
[JsonSerializable(typeof(LayoutApplyRequest))]
[JsonSerializable(typeof(LayoutReply))]
[JsonSerializable(typeof(LayoutPlanReply))]
[JsonSerializable(typeof(LayoutRevertReply))]
[JsonSerializable(typeof(AcceptLossRequest))]
[JsonSerializable(typeof(LossPage))]
[JsonSerializable(typeof(RepairBudgetRequest))]
[JsonSerializable(typeof(RepairBudgetReply))]
[JsonSerializable(typeof(HealthReply))]
[JsonSerializable(typeof(ClusterHealthReply))]
internal sealed partial class RestJson : JsonSerializerContext;
