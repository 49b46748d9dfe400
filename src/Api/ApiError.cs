using FileSharing.Metadata;

namespace FileSharing.Api;

/// <summary>Everything that the API refuses. The names are part of the interface: see <see cref="ApiErrors"/>.</summary>
public enum ApiError
{
    InvalidRequest,
    LoginRefused,
    LoginRequired,
    Forbidden,
    NotFound,
    MethodNotAllowed,
    NameTaken,
    EmailTaken,
    Conflict,
    VersionChanged,
    UploadGone,
    UploadCommitted,
    UploadIncomplete,
    FingerprintMismatch,
    ReceiptRefused,
    IdempotencyKeyReused,
    BodyTooLarge,
    UnsupportedMediaType,
    TooManyRequests,
    JoinRefused,
    NodeNameTaken,
    VolumeRefused,
    NodeRefused,
    NotEncrypted,
    RotationUnderWay,
    DataKeysExhausted,
    LayoutRefused,
    PlanChanged,
    ClusterForming,
    NotEnoughOwners,
    DatabaseUnavailable,
    Internal,
}

/// <summary>A refusal of one request. The message is for the person who called: it says what to do.</summary>
public sealed class ApiException(ApiError error, string detail) : Exception(detail)
{
    public ApiError Error { get; } = error;

    /// <summary>For <see cref="ApiError.UploadIncomplete"/>: the first parts that are missing.</summary>
    public IReadOnlyList<int>? MissingParts { get; init; }

    /// <summary>When to try again, where waiting helps.</summary>
    public TimeSpan? RetryAfter { get; init; }
}

/// <summary>The one table from errors to HTTP.</summary>
internal static class ApiErrors
{
    internal sealed record Row(int Status, string Name, string Title);

    public static Row Of(ApiError error) =>
        error switch
        {
            ApiError.InvalidRequest => new(400, "invalid-request", "Invalid request"),
            ApiError.ReceiptRefused => new(400, "receipt-refused", "Receipt refused"),
            ApiError.LoginRefused => new(401, "login-refused", "Login refused"),
            ApiError.LoginRequired => new(401, "login-required", "Login required"),
            ApiError.Forbidden => new(403, "forbidden", "Forbidden"),
            ApiError.JoinRefused => new(403, "join-refused", "Join refused"),
            ApiError.NotFound => new(404, "not-found", "Not found"),
            ApiError.MethodNotAllowed => new(405, "method-not-allowed", "Method not allowed"),
            ApiError.NameTaken => new(409, "name-taken", "Name taken"),
            ApiError.EmailTaken => new(409, "email-taken", "E-mail taken"),
            ApiError.Conflict => new(409, "conflict", "Conflict"),
            ApiError.UploadCommitted => new(409, "upload-committed", "Upload complete already"),
            ApiError.UploadIncomplete => new(409, "upload-incomplete", "Upload incomplete"),
            ApiError.FingerprintMismatch => new(409, "fingerprint-mismatch", "Fingerprint does not match"),
            ApiError.IdempotencyKeyReused => new(409, "idempotency-key-reused", "Idempotency key in use"),
            ApiError.NodeNameTaken => new(409, "node-name-taken", "Node name taken"),
            ApiError.VolumeRefused => new(409, "volume-refused", "Volume refused"),
            ApiError.NodeRefused => new(409, "node-refused", "Node refused"),
            ApiError.NotEncrypted => new(409, "not-encrypted", "The cluster does not encrypt"),
            ApiError.RotationUnderWay => new(409, "rotation-under-way", "Rotation under way"),
            ApiError.DataKeysExhausted => new(409, "data-keys-exhausted", "No data key is left"),
            ApiError.LayoutRefused => new(409, "layout-refused", "The layout is refused"),
            ApiError.PlanChanged => new(409, "plan-changed", "The plan holds no more"),
            ApiError.UploadGone => new(410, "upload-gone", "Upload ended"),
            ApiError.VersionChanged => new(412, "version-changed", "Version changed"),
            ApiError.BodyTooLarge => new(413, "body-too-large", "Body too large"),
            ApiError.UnsupportedMediaType => new(415, "unsupported-media-type", "Unsupported media type"),
            ApiError.TooManyRequests => new(429, "too-many-requests", "Too many requests"),
            ApiError.ClusterForming => new(503, "cluster-forming", "The cluster is forming"),
            ApiError.NotEnoughOwners => new(503, "not-enough-owners", "Not enough storage nodes"),
            ApiError.DatabaseUnavailable => new(503, "database-unavailable", "Database unavailable"),
            ApiError.Internal => new(500, "internal", "Internal error"),
            _ => throw new ArgumentOutOfRangeException(nameof(error), error, "The error is not in the table."),
        };

    public static ApiError Of(MetadataError error) =>
        error switch
        {
            MetadataError.NotFound => ApiError.NotFound,
            MetadataError.Invalid => ApiError.InvalidRequest,
            MetadataError.NameTaken => ApiError.NameTaken,
            MetadataError.EmailTaken => ApiError.EmailTaken,
            MetadataError.Conflict => ApiError.Conflict,
            MetadataError.VersionChanged => ApiError.VersionChanged,
            MetadataError.UploadGone => ApiError.UploadGone,
            MetadataError.UploadCommitted => ApiError.UploadCommitted,
            MetadataError.UploadIncomplete => ApiError.UploadIncomplete,
            MetadataError.UploadChanged => ApiError.Conflict,
            MetadataError.JoinRefused => ApiError.JoinRefused,
            MetadataError.NodeNameTaken => ApiError.NodeNameTaken,
            MetadataError.VolumeRefused => ApiError.VolumeRefused,
            MetadataError.NotEncrypted => ApiError.NotEncrypted,
            MetadataError.RotationUnderWay => ApiError.RotationUnderWay,
            MetadataError.DataKeysExhausted => ApiError.DataKeysExhausted,
            _ => throw new ArgumentOutOfRangeException(nameof(error), error, "The error is not in the table."),
        };
}
