using FileSharing.Api.Uploads;
using FileSharing.Chunks;

namespace FileSharing.UnitTests.Api;

public sealed class UploadCompletionTests
{
    [Fact]
    public void Fingerprint_is_known_of_an_empty_file_and_of_one_chunk_and_of_no_other()
    {
        var first = new ManifestEntry(ChunkId.OfChunk([1]), 1);
        var second = new ManifestEntry(ChunkId.OfChunk([2]), 1);

        Assert.Equal(ChunkId.OfChunk([]), UploadCompletion.ProvedFingerprint([]));
        Assert.Equal(first.Id, UploadCompletion.ProvedFingerprint([first]));
        Assert.Null(UploadCompletion.ProvedFingerprint([first, second]));
    }
}
