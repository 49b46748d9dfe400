namespace FileSharing.Native.Zstd;

/// <summary>Decompresses whole zstd frames, never beyond the room it is given. Keep and reuse it. Not thread-safe.</summary>
public sealed class Decompressor : IDisposable
{
    private readonly ZstdDecompressHandle context = new();

    /// <returns>Bytes written to <paramref name="destination"/>.</returns>
    /// <exception cref="InvalidDataException">Not whole frames, damaged, or more than <paramref name="destination"/> holds.</exception>
    public unsafe int Decompress(ReadOnlySpan<byte> source, Span<byte> destination)
    {
        fixed (byte* from = source)
        fixed (byte* to = destination)
        {
            return (int)
                ZstdApi.Check(
                    ZstdApi.ZSTD_decompressDCtx(context, to, (nuint)destination.Length, from, (nuint)source.Length)
                );
        }
    }

    public void Dispose() => context.Dispose();
}
