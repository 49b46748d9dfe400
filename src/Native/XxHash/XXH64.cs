namespace FileSharing.Native.XxHash;

/// <summary>The older 64-bit xxHash, for formats that name it.</summary>
public static class XXH64
{
    public static unsafe ulong Hash(ReadOnlySpan<byte> data, ulong seed = 0)
    {
        fixed (byte* input = data)
        {
            return XxHashApi.XXH64(input, (nuint)data.Length, seed);
        }
    }
}
