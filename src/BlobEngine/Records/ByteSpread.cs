namespace FileSharing.BlobEngine;

/// <summary>
/// Tells from a few of its bytes whether a small plaintext looks like random ones, as what is compressed or encrypted already does: trying to compress
/// it would cost a quarter of its put for nothing. The measure is the collision entropy: the sum of the squared counts of the byte values.
/// </summary>
internal static class ByteSpread
{
    /// <summary>With fewer bytes chance decides; they are compressed quickly.</summary>
    private const int PlainBytesMin = 1 << 10;

    /// <summary>Runs of neighbours, not every n-th byte: the low bytes of a table of numbers alone would look random.</summary>
    private const int Runs = 4;
    private const int RunBytes = 128;
    private const int SampleBytes = Runs * RunBytes;
    private const int Values = 256;

    /// <summary>
    /// Of random bytes the sum is n²/256 + n, which is 1,536, with a deviation of 45. Five of them more: hardly a random plaintext is tried in vain, while
    /// base64 has 4,600, text and code 15,000 and more.
    /// </summary>
    private const int SquaresMax = (SampleBytes * SampleBytes / Values) + SampleBytes + 225;

    public static bool LooksRandom(ReadOnlySpan<byte> plain)
    {
        if (plain.Length < PlainBytesMin)
        {
            return false;
        }

        Span<ushort> counts = stackalloc ushort[Values];
        counts.Clear();
        var step = (plain.Length - RunBytes) / (Runs - 1);
        for (var run = 0; run < Runs; run++)
        {
            foreach (var value in plain.Slice(run * step, RunBytes))
            {
                counts[value]++;
            }
        }

        var squares = 0;
        foreach (var count in counts)
        {
            squares += count * count;
        }

        return squares <= SquaresMax;
    }
}
