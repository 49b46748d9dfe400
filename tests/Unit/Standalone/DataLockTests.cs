using FileSharing.Standalone;

namespace FileSharing.UnitTests.Standalone;

public sealed class DataLockTests
{
    [Fact]
    public void A_data_directory_in_use_is_refused_until_its_holder_lets_go()
    {
        using var folder = new TemporaryFolder();
        var path = folder.At("lock");
        var first = DataLock.Take(path);

        var error = Assert.Throws<DataInUseException>(() => DataLock.Take(path));
        first.Dispose();

        Assert.Contains("in use", error.Message, StringComparison.Ordinal);
        DataLock.Take(path).Dispose();
    }
}
