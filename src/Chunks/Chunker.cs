using System.Numerics;

namespace FileSharing.Chunks;

/// <summary>
/// Content-defined chunking: FastCDC with normalisation level 2 (Xia et al., USENIX ATC 2016; IEEE TPDS 2020), with the
/// window test done on the high bits of a 64-bit gear hash. Equal bytes are cut at equal places whichever front end they came through.
/// Pure: the same data and policy give the same cuts for ever; the golden vector in the tests holds that.
/// </summary>
public sealed class Chunker(ChunkingPolicy policy)
{
    /// <summary>Bits added to the mask before the average size, and taken from it after: TPDS 2020, section 4.3.</summary>
    private const int NormalisationLevel = 2;

    private static readonly ulong[] Gear = MakeGear();

    private readonly ulong maskBeforeAverage = HighBits(
        BitOperations.Log2((uint)policy.BytesAverage) + NormalisationLevel
    );
    private readonly ulong maskAfterAverage = HighBits(
        BitOperations.Log2((uint)policy.BytesAverage) - NormalisationLevel
    );

    public ChunkingPolicy Policy { get; } = policy;

    /// <summary>
    /// Where the first chunk of <paramref name="data"/> ends: its length in bytes. A result equal to the length of <paramref name="data"/>
    /// that is below the policy's largest chunk means "no cut found yet": with more data to come, call again with all of it.
    /// </summary>
    public int Cut(ReadOnlySpan<byte> data)
    {
        if (data.Length <= Policy.BytesMin)
        {
            return data.Length;
        }

        var end = Math.Min(data.Length, Policy.BytesMax);
        var average = Math.Min(end, Policy.BytesAverage);
        var position = Policy.BytesMin;
        ulong hash = 0;
        if (
            Scan(data, ref position, average, ref hash, maskBeforeAverage)
            || Scan(data, ref position, end, ref hash, maskAfterAverage)
        )
        {
            return position;
        }

        return end;
    }

    private static bool Scan(ReadOnlySpan<byte> data, ref int position, int end, ref ulong hash, ulong mask)
    {
        var gear = Gear;
        var h = hash;
        for (var i = position; i < end; i++)
        {
            h = (h << 1) + gear[data[i]];
            if ((h & mask) == 0)
            {
                position = i + 1;
                return true;
            }
        }

        hash = h;
        position = end;
        return false;
    }

    /// <summary>The high bits of the gear hash depend on the last 64 bytes, the low ones only on the last few.</summary>
    private static ulong HighBits(int count) => ulong.MaxValue << (64 - count);

    /// <summary>256 values of SplitMix64 (Steele, Lea, Flood 2014) from a fixed seed. Changing one changes every cut: never do.</summary>
    private static ulong[] MakeGear()
    {
        var gear = new ulong[256];
        var state = 0x46696C6553686172UL; // "FileShar"
        for (var i = 0; i < gear.Length; i++)
        {
            state += 0x9E3779B97F4A7C15UL;
            var z = state;
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
            gear[i] = z ^ (z >> 31);
        }

        return gear;
    }
}
