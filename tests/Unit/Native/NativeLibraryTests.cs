using FileSharing.Native;
using FileSharing.Native.Posix;
using Xunit;

namespace FileSharing.UnitTests.Native;

public sealed class NativeLibraryTests
{
    [Fact]
    public void A_missing_library_is_named_with_the_package_that_brings_it()
    {
        var absent = NativeLibraryName.RocksDb with { FileNames = ["libabsent.so.1", "libabsent.so"] };
        var error = Assert.Throws<NativeLibraryMissingException>(() => NativeLibraryResolver.Load(absent));
        Assert.Contains("libabsent.so.1, libabsent.so", error.Message, StringComparison.Ordinal);
        Assert.Contains("librocksdb7.8", error.Message, StringComparison.Ordinal);
        Assert.Contains("librocksdb8.9", error.Message, StringComparison.Ordinal);
        Assert.Contains("libzstd1", NativeLibraryName.Zstd.Packages, StringComparison.Ordinal);
        Assert.Contains("libxxhash0", NativeLibraryName.XxHash.Packages, StringComparison.Ordinal);
    }

    [Fact]
    public void A_lock_is_held_against_a_second_opening_until_it_is_closed()
    {
        var path = Path.GetTempFileName();
        using var second = PosixFile.Open(path, create: false, direct: false)!;
        using (var first = PosixFile.Open(path, create: false, direct: false)!)
        {
            Assert.True(PosixFile.TryLock(first));
            Assert.False(PosixFile.TryLock(second));
        }

        Assert.True(PosixFile.TryLock(second));
        File.Delete(path);
    }

    [Fact]
    public void A_failed_call_says_which_and_why()
    {
        var error = Assert.Throws<PosixException>(() => PosixFile.SyncDirectory("/nowhere/at/all"));
        Assert.Contains("/nowhere/at/all", error.Message, StringComparison.Ordinal);
        Assert.False(error.IsNoSpace);
    }
}
