namespace FileSharing.Client;

/// <summary>A key that encrypts records at rest; never the key itself.</summary>
public sealed record DataKeyStatus
{
    public uint KeyId { get; init; }
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>pending: storage nodes are storing it; active: it seals new records; old: it opens what it has sealed.</summary>
    public required string State { get; init; }

    /// <summary>Live records under it, every copy counted.</summary>
    public long Records { get; init; }
}

/// <summary>The data keys of the cluster and what lies under each.</summary>
public sealed record EncryptionStatus
{
    public bool IsEncrypted { get; init; }

    /// <summary>Id of the key that seals new records; 0 when nothing is encrypted.</summary>
    public uint ActiveKey { get; init; }

    /// <summary>In order of id.</summary>
    public required IReadOnlyList<DataKeyStatus> Keys { get; init; }

    /// <summary>Records that are not under the active key.</summary>
    public long OldRecords { get; init; }

    /// <summary>Records under no key.</summary>
    public long UnencryptedRecords { get; init; }

    /// <summary>Names of the storage nodes that have not stored the pending key.</summary>
    public required IReadOnlyList<string> WaitingFor { get; init; }

    /// <summary>Names of the storage nodes that did not answer, and of volumes that are not open (as 1/2): their records are in no figure.</summary>
    public required IReadOnlyList<string> NotCounted { get; init; }
}
