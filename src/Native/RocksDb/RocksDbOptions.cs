namespace FileSharing.Native.RocksDb;

/// <summary>How a database uses memory and disk.</summary>
public sealed record RocksDbOptions
{
    /// <summary>Unsorted writes held in memory before they become a file; at most three times this is held.</summary>
    public int WriteBufferBytes { get; init; } = 8 << 20;

    /// <summary>Cache of uncompressed blocks.</summary>
    public int BlockCacheBytes { get; init; } = 32 << 20;

    /// <summary>Bytes a block before compression.</summary>
    public int BlockBytes { get; init; } = 4 << 10;

    /// <summary>Bits a key of the ribbon filter; 10 let through about one look-up of an absent key in a hundred.</summary>
    public double FilterBitsPerKey { get; init; } = 10;

    /// <summary>Files kept open.</summary>
    public int OpenFilesMax { get; init; } = 256;
}
