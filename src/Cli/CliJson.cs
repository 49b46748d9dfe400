using System.Text.Json;
using System.Text.Json.Serialization;
using FileSharing.Cli.Commands;
using FileSharing.Client;

namespace FileSharing.Cli;

/// <summary>JSON of --json and of the credentials file, generated at build time.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    WriteIndented = true
)]
[JsonSerializable(typeof(Credentials))]
[JsonSerializable(typeof(ProblemLine))]
[JsonSerializable(typeof(LoginLine))]
[JsonSerializable(typeof(TransferLine))]
[JsonSerializable(typeof(RemovedLine))]
[JsonSerializable(typeof(FolderLine))]
[JsonSerializable(typeof(MovedLine))]
[JsonSerializable(typeof(Listing<TreeLine>))]
[JsonSerializable(typeof(Listing<RemoteItem>))]
[JsonSerializable(typeof(Listing<RemoteUser>))]
[JsonSerializable(typeof(Listing<VolumeScrub>))]
[JsonSerializable(typeof(RemoteItem))]
[JsonSerializable(typeof(RemoteUser))]
[JsonSerializable(typeof(ShareReply))]
[JsonSerializable(typeof(RemoteShare))]
[JsonSerializable(typeof(NodeToken))]
[JsonSerializable(typeof(EncryptionStatus))]
[JsonSerializable(typeof(LayoutStatus))]
[JsonSerializable(typeof(LayoutPlan))]
[JsonSerializable(typeof(LayoutRevert))]
[JsonSerializable(typeof(AcceptedLoss))]
[JsonSerializable(typeof(Listing<MissingRecord>))]
[JsonSerializable(typeof(RepairBudget))]
[JsonSerializable(typeof(JsonElement))]
internal sealed partial class CliJson : JsonSerializerContext;
