using System.Text.Json;
using System.Text.Json.Serialization;

namespace FileSharing.Client.Wire;

/// <summary>JSON of the REST calls, generated at build time: no reflection at start-up. Members that we do not know are ignored.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull
)]
[JsonSerializable(typeof(ProblemDocument))]
[JsonSerializable(typeof(UploadRequest))]
[JsonSerializable(typeof(AddChunksRequest))]
[JsonSerializable(typeof(UploadReply))]
[JsonSerializable(typeof(CompleteRequest))]
[JsonSerializable(typeof(CompleteReply))]
[JsonSerializable(typeof(DownloadReply))]
[JsonSerializable(typeof(LoginRequest))]
[JsonSerializable(typeof(LoginReply))]
[JsonSerializable(typeof(AddUserRequest))]
[JsonSerializable(typeof(AddFolderRequest))]
[JsonSerializable(typeof(AddFolderReply))]
[JsonSerializable(typeof(UpdateRequest))]
[JsonSerializable(typeof(ShareRequest))]
[JsonSerializable(typeof(ShareReply))]
[JsonSerializable(typeof(NodeTokenRequest))]
[JsonSerializable(typeof(NodeToken))]
[JsonSerializable(typeof(DataKeyStatus))]
[JsonSerializable(typeof(EncryptionStatus))]
[JsonSerializable(typeof(LayoutChangeRequest))]
[JsonSerializable(typeof(LayoutApplyRequest))]
[JsonSerializable(typeof(LayoutStatus))]
[JsonSerializable(typeof(LayoutPlan))]
[JsonSerializable(typeof(LayoutRevert))]
[JsonSerializable(typeof(AcceptLossRequest))]
[JsonSerializable(typeof(RepairBudget))]
[JsonSerializable(typeof(RepairBudgetChange))]
[JsonSerializable(typeof(MetadataReply))]
[JsonSerializable(typeof(Page<RemoteItem>))]
[JsonSerializable(typeof(Page<RemoteShare>))]
[JsonSerializable(typeof(Page<RemoteUser>))]
[JsonSerializable(typeof(Page<VolumeScrub>))]
[JsonSerializable(typeof(Page<MissingRecord>))]
[JsonSerializable(typeof(ScrubRequest))]
[JsonSerializable(typeof(RemoteUser))]
[JsonSerializable(typeof(JsonElement))]
internal sealed partial class WireJson : JsonSerializerContext;
