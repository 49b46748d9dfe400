namespace FileSharing.Metadata;

/// <summary>What the metadata refuses, and why. One table in the API turns these into HTTP.</summary>
public enum MetadataError
{
    /// <summary>No such thing, or nothing that this user may know of.</summary>
    NotFound,

    /// <summary>The input breaks a rule that does not depend on what is stored.</summary>
    Invalid,

    /// <summary>A live entry of that name is in the folder already.</summary>
    NameTaken,

    /// <summary>Another user has that e-mail address.</summary>
    EmailTaken,

    /// <summary>The request makes no sense in the present state (a folder into itself, the root into the trash).</summary>
    Conflict,

    /// <summary>If-Match named a version that is not the current one.</summary>
    VersionChanged,

    /// <summary>The upload session was aborted or has expired.</summary>
    UploadGone,

    /// <summary>The upload session is committed already.</summary>
    UploadCommitted,

    /// <summary>The chunks or parts do not make up the file that was declared.</summary>
    UploadIncomplete,

    /// <summary>The chunk list of the session changed after the caller read it. Read the session again and repeat.</summary>
    UploadChanged,

    /// <summary>The join token is unknown, used or too old.</summary>
    JoinRefused,

    /// <summary>Another node has that name.</summary>
    NodeNameTaken,

    /// <summary>The cluster was made without encryption and has no data keys.</summary>
    NotEncrypted,

    /// <summary>The last new data key is not in use yet; the next one can be made when it is.</summary>
    RotationUnderWay,

    /// <summary>There is no id left for another data key.</summary>
    DataKeysExhausted,

    /// <summary>A volume that the cluster has seen at a later incarnation: a copy, or one rolled back.</summary>
    VolumeRefused,
}

/// <summary>A refusal; nothing was changed. The message is meant for the person who called.</summary>
public sealed class MetadataException(MetadataError error, string message) : Exception(message)
{
    public MetadataError Error { get; } = error;
}
