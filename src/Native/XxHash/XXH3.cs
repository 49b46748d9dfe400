namespace FileSharing.Native.XxHash;

/// <summary>
/// XXH3 with 64 bits and seed 0: about 13 GiB/s a core. Finds accidents, not attackers.
/// Not thread-safe while hashing in pieces; <see cref="Hash64"/> is.
/// </summary>
public sealed class XXH3 : IDisposable
{
    private readonly Xxh3StateHandle state = new();

    public XXH3() => Reset();

    /// <summary>The hash of one span.</summary>
    public static unsafe ulong Hash64(ReadOnlySpan<byte> data)
    {
        fixed (byte* input = data)
        {
            return XxHashApi.XXH3_64bits(input, (nuint)data.Length);
        }
    }

    public void Reset() => _ = XxHashApi.XXH3_64bits_reset(state);

    public unsafe void Append(ReadOnlySpan<byte> data)
    {
        fixed (byte* input = data)
        {
            _ = XxHashApi.XXH3_64bits_update(state, input, (nuint)data.Length);
        }
    }

    /// <summary>The hash of all bytes appended since the last reset; more may follow.</summary>
    public ulong Current64() => XxHashApi.XXH3_64bits_digest(state);

    public void Dispose() => state.Dispose();
}
