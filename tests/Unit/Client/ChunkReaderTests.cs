using FileSharing.Chunks;
using FileSharing.Client.Upload;
using Xunit;

namespace FileSharing.UnitTests.Client;

public sealed class ChunkReaderTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Odd_reads_give_the_same_cuts_as_the_whole_file_at_once()
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);
        var data = new byte[20 << 20];
        random.NextBytes(data);

        var cuts = await CutAsync(
            new OddStream(data, random),
            ChunkReader.WindowBytes(ChunkingPolicy.Dedup, data.Length)
        );

        Assert.Equal(ExpectedCuts(data), cuts);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(256 << 10)]
    [InlineData((256 << 10) + 1)]
    [InlineData(4 << 20)]
    public async Task A_window_of_the_files_own_size_gives_the_same_cuts(int size)
    {
        var data = new byte[size];
        new Random(size).NextBytes(data);

        var cuts = await CutAsync(new MemoryStream(data), ChunkReader.WindowBytes(ChunkingPolicy.Dedup, size));

        Assert.Equal(ExpectedCuts(data), cuts);
    }

    private static async Task<List<int>> CutAsync(Stream source, int windowBytes)
    {
        using var reader = new ChunkReader(source, ChunkingPolicy.Dedup, windowBytes);
        var cuts = new List<int>();
        for (var chunk = await reader.NextAsync(default); !chunk.IsEmpty; chunk = await reader.NextAsync(default))
        {
            cuts.Add(chunk.Length);
        }

        return cuts;
    }

    private static List<int> ExpectedCuts(ReadOnlySpan<byte> data)
    {
        var chunker = new Chunker(ChunkingPolicy.Dedup);
        var cuts = new List<int>();
        for (; data.Length > 0; data = data[cuts[^1]..])
        {
            cuts.Add(chunker.Cut(data));
        }

        return cuts;
    }

    /// <summary>Gives between one byte and 100,000 a read.</summary>
    private sealed class OddStream(byte[] data, Random random) : MemoryStream(data)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(buffer.Length, random.Next(1, 100_000))], cancellationToken);
    }
}
