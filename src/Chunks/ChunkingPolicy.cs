namespace FileSharing.Chunks;

/// <summary>Smallest, average and largest chunk, in bytes; one policy a cluster, its name in every manifest.</summary>
/// <param name="Name">ASCII, as settings and manifests write it.</param>
/// <param name="BytesMin">No cut before this many bytes, but at the end of the data.</param>
/// <param name="BytesAverage">A power of two; the cut mask follows from it.</param>
/// <param name="BytesMax">A cut here at the latest; at most <see cref="ChunkBytesMax"/>.</param>
public sealed record ChunkingPolicy(string Name, int BytesMin, int BytesAverage, int BytesMax)
{
    /// <summary>The largest plaintext of any record: 10 MiB.</summary>
    public const int ChunkBytesMax = 10 << 20;

    /// <summary>256 KiB / 1 MiB / 4 MiB: small enough that edits share most of a file. The default.</summary>
    public static readonly ChunkingPolicy Dedup = new("dedup", 256 << 10, 1 << 20, 4 << 20);

    /// <summary>5 / 8 / 10 MiB: fewer chunks for archives of large media.</summary>
    public static readonly ChunkingPolicy Large = new("large", 5 << 20, 8 << 20, ChunkBytesMax);

    /// <exception cref="ArgumentException">No policy of that name; the message lists those there are.</exception>
    public static ChunkingPolicy Named(string name) =>
        name switch
        {
            "dedup" => Dedup,
            "large" => Large,
            _ => throw new ArgumentException(
                $"No chunking policy is named '{name}'; there are 'dedup' and 'large'.",
                nameof(name)
            ),
        };
}
