using FileSharing.Native.Zstd;
using FileSharing.UnitTests.BlobEngine;
using Xunit;

namespace FileSharing.UnitTests.Native;

public sealed class ZstdTests
{
    /// <summary>"hello zstd\n" put together by hand after RFC 8878: magic, header, one raw block, no checksum.</summary>
    private static readonly byte[] KnownFrame = Convert.FromHexString("28B52FFD200B590000" + "68656C6C6F207A7374640A");

    [Fact]
    public void A_known_frame_is_read()
    {
        using var decompressor = new Decompressor();
        var plain = new byte[100];
        Assert.Equal("hello zstd\n"u8.ToArray(), plain[..decompressor.Decompress(KnownFrame, plain)]);
    }

    [Fact]
    public void Output_never_exceeds_the_room_given()
    {
        using var decompressor = new Decompressor();
        using var compressor = new Compressor(1);
        var frame = new byte[1000];
        Assert.True(compressor.TryCompress(new byte[1 << 20], frame, out var written));
        Assert.Throws<InvalidDataException>(() => decompressor.Decompress(frame.AsSpan(0, written), new byte[1000]));
    }

    [Fact]
    public void What_does_not_fit_is_said_and_the_compressor_goes_on()
    {
        using var compressor = new Compressor(1);
        Assert.False(compressor.TryCompress(TestBytes.Make(1000, 1), new byte[999], out _));
        Assert.True(compressor.TryCompress(new byte[1000], new byte[999], out _));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(300_000)]
    public async Task A_stream_comes_back_through_small_reads(int bytes)
    {
        var plain = TestBytes.Make(bytes, 2, compressible: true);
        using var frame = new MemoryStream();
        await using (var compress = new ZstdCompressionStream(frame, level: 1, leaveOpen: true))
        {
            await compress.WriteAsync(plain.AsMemory(0, bytes / 2));
            await compress.FlushAsync();
            await compress.WriteAsync(plain.AsMemory(bytes / 2));
        }

        frame.Position = 0;
        await using var decompress = new ZstdDecompressionStream(frame);
        using var back = new MemoryStream();
        await decompress.CopyToAsync(back, 1000);
        Assert.Equal(plain, back.ToArray());
    }

    [Fact]
    public async Task A_frame_cut_short_is_an_error_and_not_an_end()
    {
        await using var decompress = new ZstdDecompressionStream(new MemoryStream(KnownFrame[..^3]));
        await Assert.ThrowsAsync<InvalidDataException>(() => decompress.CopyToAsync(Stream.Null));
    }

    [Fact]
    public async Task A_frame_that_asks_for_a_larger_window_is_refused()
    {
        // Window descriptor 0xA0: 2^30 bytes.
        var frame = Convert.FromHexString("28B52FFD" + "00" + "A0" + "010000");
        await using var decompress = new ZstdDecompressionStream(new MemoryStream(frame));
        await Assert.ThrowsAsync<InvalidDataException>(() => decompress.CopyToAsync(Stream.Null));
    }
}
