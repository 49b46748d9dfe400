namespace FileSharing.StorageNode.Volumes;

/// <summary>What has become of one of the node's directories.</summary>
internal enum VolumeState
{
    /// <summary>For the first time, or again.</summary>
    Opening,

    Open,

    /// <summary>It could not be opened; it is tried again.</summary>
    Failed,

    /// <summary>The cluster does not take it: a copy, or rolled back. It is not tried again before the node starts anew.</summary>
    Refused,

    /// <summary>The node stops.</summary>
    Closed,
}

/// <param name="Reason">With failed and refused.</param>
/// <param name="Volume">With open.</param>
internal sealed record VolumeStanding(VolumeState State, string? Reason = null, OpenVolume? Volume = null);

/// <summary>One configured directory, and what has become of it. Its supervisor writes, everybody reads.</summary>
/// <param name="number">From 1, in the order of <c>Node:Volumes</c>.</param>
internal sealed class VolumeSlot(int number, string directory)
{
    private volatile VolumeStanding standing = new(VolumeState.Opening);
    private volatile string? refusal;

    public int Number { get; } = number;

    public string Directory { get; } = directory;

    public VolumeStanding Standing
    {
        get => standing;
        set => standing = value;
    }

    /// <summary>Why the cluster does not take it; null while it does.</summary>
    public string? Refusal
    {
        get => refusal;
        set => refusal = value;
    }
}
