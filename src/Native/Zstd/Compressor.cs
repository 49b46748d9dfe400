namespace FileSharing.Native.Zstd;

/// <summary>Compresses one buffer at a time into zstd frames. Keep and reuse it: its tables cost more than a small frame. Not thread-safe.</summary>
public sealed class Compressor : IDisposable
{
    private readonly ZstdCompressHandle context = new();

    /// <param name="level">1 (fast) to 19.</param>
    public Compressor(int level) =>
        ZstdApi.Check(ZstdApi.ZSTD_CCtx_setParameter(context, ZstdApi.ParameterCompressionLevel, level));

    /// <summary>Room that always suffices for the frame of this many bytes.</summary>
    public static int CompressedBytesMax(int bytes) => checked((int)ZstdApi.ZSTD_compressBound((nuint)bytes));

    /// <summary>Writes one frame.</summary>
    /// <returns>False when the frame does not fit into <paramref name="destination"/>, whose bytes are then undefined.</returns>
    /// <exception cref="InvalidDataException">Any other failure of the library.</exception>
    public unsafe bool TryCompress(ReadOnlySpan<byte> source, Span<byte> destination, out int written)
    {
        nuint result;
        fixed (byte* from = source)
        fixed (byte* to = destination)
        {
            result = ZstdApi.ZSTD_compress2(context, to, (nuint)destination.Length, from, (nuint)source.Length);
        }

        written = 0;
        if (-(nint)result == ZstdApi.ErrorDestinationTooSmall)
        {
            return false;
        }

        written = (int)ZstdApi.Check(result);
        return true;
    }

    public void Dispose() => context.Dispose();
}
