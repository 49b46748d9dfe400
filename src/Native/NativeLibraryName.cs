namespace FileSharing.Native;

/// <summary>One system library: how the bindings call it, and where it is found.</summary>
/// <param name="ImportName">The name in the <c>LibraryImport</c> attributes.</param>
/// <param name="Title">The name for people.</param>
/// <param name="FileNames">Tried in this order; the first that loads is used.</param>
/// <param name="Packages">What to install, for Debian and Ubuntu.</param>
internal sealed record NativeLibraryName(string ImportName, string Title, string[] FileNames, string Packages)
{
    public const string RocksDbImport = "rocksdb";
    public const string ZstdImport = "zstd";
    public const string XxHashImport = "xxhash";

    public static readonly NativeLibraryName RocksDb = new(
        RocksDbImport,
        "RocksDB",
        ["librocksdb.so.7.8", "librocksdb.so.8.9", "librocksdb.so.9.10", "librocksdb.so"],
        "the package librocksdb7.8 (Debian 12), librocksdb8.9 (Ubuntu 24.04) or librocksdb9.10 (Debian 13)"
    );

    public static readonly NativeLibraryName Zstd = new(
        ZstdImport,
        "Zstandard",
        ["libzstd.so.1", "libzstd.so"],
        "the package libzstd1"
    );

    public static readonly NativeLibraryName XxHash = new(
        XxHashImport,
        "xxHash",
        ["libxxhash.so.0", "libxxhash.so"],
        "the package libxxhash0"
    );

    public static readonly IReadOnlyList<NativeLibraryName> All = [RocksDb, Zstd, XxHash];
}
