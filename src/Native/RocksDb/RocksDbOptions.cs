namespace FileSharing.Native.RocksDb;

/// <summary>How a database uses memory and disk.</summary>
public sealed record RocksDbOptions
{
    /// <summary>Unsorted writes held in memory before they become a file; at most three times this is held.</summary>
    public int WriteBufferBytes { get; init; } = 8 << 20;

    /// <summary>Cache of uncompressed data blocks. Filters and block indexes lie outside of it, with the open files.</summary>
    public int BlockCacheBytes { get; init; } = 32 << 20;

    /// <summary>Bytes a block before compression.</summary>
    public int BlockBytes { get; init; } = 4 << 10;

    /// <summary>Bits a key of the ribbon filter; 10 let through about one look-up of an absent key in a hundred.</summary>
    public double FilterBitsPerKey { get; init; } = 10;

    /// <summary>
    /// Files kept open, each with its filter and block index in memory: 1.1 to 1.5 B a key. More files than this would have a look-up open one and read both, which costs ten times the
    /// look-up. Merged, a file holds 1.6 million keys: this is enough for billions. Each takes a file descriptor.
    /// </summary>
    public int OpenFilesMax { get; init; } = 4096;
}
