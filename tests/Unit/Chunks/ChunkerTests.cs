using FileSharing.Chunks;
using FileSharing.UnitTests.BlobEngine;
using Xunit;

namespace FileSharing.UnitTests.Chunks;

public sealed class ChunkerTests
{
    private static readonly ChunkingPolicy Small = new("small", 1 << 10, 4 << 10, 16 << 10);

    [Fact]
    public void Chunks_keep_to_the_smallest_and_largest_size()
    {
        var sizes = Cut(TestBytes.Make(2_000_000, 1), Small);
        Assert.All(sizes[..^1], size => Assert.InRange(size, Small.BytesMin, Small.BytesMax));
        Assert.InRange(sizes.Average(), Small.BytesAverage * 0.7, Small.BytesAverage * 1.6);
    }

    [Fact]
    public void Data_without_structure_is_cut_at_the_largest_size()
    {
        Assert.All(Cut(new byte[10 * Small.BytesMax], Small), size => Assert.InRange(size, 1, Small.BytesMax));
    }

    [Fact]
    public void Bytes_put_in_at_the_front_change_only_the_first_cuts()
    {
        var data = TestBytes.Make(1_000_000, 2);
        var before = Ends(Cut(data, Small)).Select(end => data.Length - end).ToHashSet();
        byte[] moved = [.. TestBytes.Make(333, 3), .. data];
        var after = Ends(Cut(moved, Small)).Select(end => moved.Length - end).ToList();
        Assert.True(after.Count(before.Contains) > after.Count * 0.95);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(1000)]
    [InlineData(70_000)]
    public void Cuts_do_not_depend_on_how_the_data_arrives(int pieceBytes)
    {
        var data = TestBytes.Make(300_000, 4);
        var chunker = new Chunker(Small);
        var sizes = new List<int>();
        var start = 0;
        for (var arrived = pieceBytes; start < data.Length; arrived += pieceBytes)
        {
            var held = data.AsSpan(start..Math.Min(arrived, data.Length));
            var isAll = arrived >= data.Length;
            var size = chunker.Cut(held);
            while (size > 0 && (isAll || size < held.Length || size == Small.BytesMax))
            {
                sizes.Add(size);
                start += size;
                held = held[size..];
                size = chunker.Cut(held);
            }
        }

        Assert.Equal(Cut(data, Small), sizes);
    }

    [Fact]
    public void The_cuts_of_known_data_are_these_for_ever()
    {
        // Data that any language can make: a 32-bit linear congruential generator (Numerical Recipes), its high byte.
        var data = new byte[8 << 20];
        var state = 1u;
        foreach (ref var value in data.AsSpan())
        {
            state = (state * 1664525) + 1013904223;
            value = (byte)(state >> 24);
        }

        Assert.Equal(
            "1113108 1154409 916475 1296161 967276 1288876 757075 895228",
            string.Join(' ', Cut(data, ChunkingPolicy.Dedup))
        );
    }

    private static List<int> Cut(ReadOnlySpan<byte> data, ChunkingPolicy policy)
    {
        var chunker = new Chunker(policy);
        var sizes = new List<int>();
        while (data.Length > 0)
        {
            sizes.Add(chunker.Cut(data));
            data = data[sizes[^1]..];
        }

        return sizes;
    }

    private static IEnumerable<int> Ends(List<int> sizes)
    {
        var end = 0;
        return sizes.Select(size => end += size);
    }
}
