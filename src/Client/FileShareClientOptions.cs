using FileSharing.Chunks;

namespace FileSharing.Client;

/// <summary>Where the server is, who asks, and how much memory and how many connections a client may use.</summary>
public sealed record FileShareClientOptions
{
    /// <summary>Address of the API, for example <c>https://files.example.org</c>; http or https.</summary>
    public required Uri Url { get; init; }

    /// <summary>Bearer token of <see cref="FileShareClient.LoginAsync"/>; null while there is none.</summary>
    public string? Token { get; init; }

    /// <summary>How files are cut until the server names its own policy in a reply to an upload.</summary>
    public ChunkingPolicy ChunkingPolicy { get; init; } = ChunkingPolicy.Dedup;

    /// <summary>Files of one folder that are transferred at the same time.</summary>
    public int ParallelFiles { get; init; } = 16;

    /// <summary>Chunk requests to storage nodes at the same time, over all files of this client.</summary>
    public int ParallelChunks { get; init; } = 8;

    /// <summary>
    /// Bytes of chunks that are hashed and wait to be asked for or sent, over all files. With
    /// <see cref="ReadWindowBytesMax"/> it bounds the memory of all uploads together, whatever the sizes of the files.
    /// </summary>
    public long ChunkBytesMax { get; init; } = 128L << 20;

    /// <summary>Bytes of the windows through which files are read and cut, over all files.</summary>
    public long ReadWindowBytesMax { get; init; } = 48L << 20;

    /// <summary>Clock of retries and timeouts.</summary>
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;
}
