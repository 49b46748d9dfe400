namespace FileSharing.BlobEngine;

/// <summary>What went wrong in a volume, and so what the caller should do.</summary>
public enum BlobError
{
    /// <summary>No error; never thrown.</summary>
    None,

    /// <summary>Nothing was written: use another volume. Reads, deletes and notes go on.</summary>
    VolumeFull,

    /// <summary>An earlier write or sync failed: the volume is read-only until it is opened again.</summary>
    WriterPoisoned,

    /// <summary>The record is sealed with a data key that this volume (or this process) does not hold: store the key, then repeat.</summary>
    UnknownKey,

    /// <summary>The bytes handed in are no valid record: do not repeat.</summary>
    BadRecord,

    /// <summary>Another process holds the volume.</summary>
    VolumeInUse,

    /// <summary>The directory holds something else, or a format of a later release.</summary>
    NotAVolume,

    /// <summary>The volume belongs to another cluster.</summary>
    WrongCluster,

    /// <summary>A sweep that this opening of the volume does not obey: begin anew, under a fencing token and an epoch that are not below what it has seen.</summary>
    SweepRefused,

    /// <summary>The index cannot be read: take another copy. The next opening of the volume builds it again from the segments.</summary>
    IndexDamaged,

    /// <summary>The stored bytes fail their checksum or cannot be read: take another copy and repair this one.</summary>
    Damaged,
}

/// <summary>An operation on a volume failed; <see cref="Error"/> says how.</summary>
public sealed class BlobException : IOException
{
    public BlobException() { }

    public BlobException(string message)
        : base(message) { }

    public BlobException(string message, Exception innerException)
        : base(message, innerException) { }

    public BlobException(BlobError error, string message, Exception? innerException = null)
        : base(message, innerException) => Error = error;

    public BlobError Error { get; }
}
