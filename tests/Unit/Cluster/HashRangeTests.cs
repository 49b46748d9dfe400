using FileSharing.Chunks;
using FileSharing.Cluster.Map;

namespace FileSharing.UnitTests.Cluster;

public sealed class HashRangeTests
{
    [Fact]
    public void Partitions_follow_one_another_without_gap_or_overlap()
    {
        Assert.Null(HashRange.OfPartition(0).Before);
        for (var partition = 1; partition < PartitionTable.Partitions; partition++)
        {
            var (range, before) = (HashRange.OfPartition(partition), HashRange.OfPartition(partition - 1));
            Assert.Equal(before.Last, range.Before);
            Assert.Equal(partition - 1, PartitionTable.PartitionOf(before.Last));
            Assert.False(range.Contains(before.Last));
            Assert.True(range.Contains(range.Last));
        }

        var last = HashRange.OfPartition(PartitionTable.Partitions - 1).Last.ToByteArray();
        Assert.All(last, value => Assert.Equal(byte.MaxValue, value));
    }

    [Fact]
    public void The_parts_of_a_range_are_the_range()
    {
        var range = HashRange.OfPartition(7);
        var parts = range.Split().ToList();

        Assert.Equal(HashRange.Parts, parts.Count);
        Assert.Equal(range.Before, parts[0].Before);
        Assert.Equal(range.Last, parts[^1].Last);
        Assert.All(parts.Zip(parts.Skip(1)), pair => Assert.Equal(pair.First.Last, pair.Second.Before));
        for (var seed = 0; seed < 2_000; seed++)
        {
            var id = ChunkId.OfChunk(BitConverter.GetBytes(seed));
            var own = HashRange.OfPartition(PartitionTable.PartitionOf(id));
            Assert.Single(own.Split(), part => part.Contains(id));
        }
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(14, -1)]
    [InlineData(14, 1 << 14)]
    [InlineData(25, 0)]
    public void Numbers_that_make_no_range_are_seen(int bits, int prefix) =>
        Assert.False(new HashRange(bits, prefix).IsValid);
}
