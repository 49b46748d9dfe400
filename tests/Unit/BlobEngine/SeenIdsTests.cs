using FileSharing.BlobEngine;
using FileSharing.Chunks;
using Xunit;

namespace FileSharing.UnitTests.BlobEngine;

public sealed class SeenIdsTests
{
    private const int Ids = 400_000;

    [Fact]
    public void An_id_that_came_before_is_always_seen()
    {
        var seen = new SeenIds();
        for (var i = 0; i < Ids; i++)
        {
            _ = seen.Add(IdOf(i));
        }

        Assert.All(Enumerable.Range(0, Ids), i => Assert.True(seen.Add(IdOf(i))));
    }

    [Fact]
    public void Few_ids_are_taken_for_seen_that_never_came_before_also_when_all_begin_alike()
    {
        var seen = new SeenIds();
        var mistaken = Enumerable.Range(0, Ids).Count(i => seen.Add(IdOf(i)));
        Assert.InRange(mistaken, 0, Ids / 20);
    }

    /// <summary>Of one partition.</summary>
    private static ChunkId IdOf(int i)
    {
        var id = ChunkId.OfChunk(BitConverter.GetBytes(i)).ToByteArray();
        id.AsSpan(0, 8).Clear();
        return new ChunkId(id);
    }
}
