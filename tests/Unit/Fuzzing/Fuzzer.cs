using System.Buffers.Binary;
using System.Diagnostics;

namespace FileSharing.UnitTests.Fuzzing;

/// <summary>
/// Feeds a parser with good inputs that were changed a little. It must take them or refuse them as it documents, at once, and with little memory.
/// </summary>
/// <param name="Name">In a failure and in the report.</param>
/// <param name="Corpus">Good inputs.</param>
/// <param name="Parse">The parser. Must not keep the memory.</param>
/// <param name="IsRefusal">Whether the parser documents this exception.</param>
/// <param name="Repair">Makes checksums right again, so that what lies behind them is reached too; null when there are none.</param>
internal sealed record Fuzzer(
    string Name,
    IReadOnlyList<byte[]> Corpus,
    Action<ReadOnlyMemory<byte>> Parse,
    Predicate<Exception> IsRefusal,
    Action<Memory<byte>>? Repair = null
)
{
    /// <summary>One input may take so long: generous, since the machine may be busy.</summary>
    private static readonly TimeSpan InputTimeMax = TimeSpan.FromSeconds(2);

    /// <summary>One input may allocate so much beside pooled buffers: an exception and its message take some.</summary>
    private const long InputBytesMax = 256 << 10;

    private const int ChangesMax = 4;
    private const int GrowthMax = 512;

    /// <summary>Numbers at the borders of something.</summary>
    private static readonly long[] Borders =
    [
        0,
        1,
        -1,
        2,
        16,
        64,
        127,
        128,
        255,
        256,
        4095,
        4096,
        4097,
        65_535,
        65_536,
        131_072,
        10 << 20,
        16 << 20,
        int.MaxValue,
        int.MinValue,
        uint.MaxValue,
        long.MaxValue,
        long.MinValue,
    ];

    public void Run(int slice, int full)
    {
        var seed = Soak.Seed();
        var random = new Random(seed);
        var began = Stopwatch.GetTimestamp();
        var count = Soak.Count(slice, full);
        var buffer = new byte[Corpus.Max(input => input.Length) + (ChangesMax * GrowthMax)];
        var refused = 0;
        Corpus.ToList().ForEach(input => Parse(input));
        for (var number = 0; number < count; number++)
        {
            var input = Change(buffer, random);
            var allocated = GC.GetAllocatedBytesForCurrentThread();
            var start = Stopwatch.GetTimestamp();
            try
            {
                Parse(input);
            }
            catch (Exception error) when (IsRefusal(error))
            {
                refused++;
            }
#pragma warning disable CA1031 // Any other exception is the finding.
            catch (Exception error)
#pragma warning restore CA1031
            {
                Fail(seed, number, input, error.ToString());
            }

            allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
            if (allocated > InputBytesMax || Stopwatch.GetElapsedTime(start) > InputTimeMax)
            {
                Fail(seed, number, input, $"{allocated} bytes allocated, {Stopwatch.GetElapsedTime(start)}");
            }
        }

        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        Assert.True(refused > 0 && refused < count, $"{refused} of {count} were refused: this tries nothing");
        Soak.Report(
            $"fuzzing of {Name}: {count:N0} inputs in {seconds:N0} s ({1e6 * seconds / count:F1} µs each), {100.0 * refused / count:F0} % refused, seed {seed}"
        );
    }

    private void Fail(int seed, int number, Memory<byte> input, string what) =>
        Assert.Fail($"{Name}, seed {seed}, input {number}: {what}\n{Convert.ToHexString(input.Span)}");

    private Memory<byte> Change(byte[] buffer, Random random)
    {
        var good = Corpus[random.Next(Corpus.Count)];
        good.CopyTo(buffer, 0);
        var length = good.Length;
        for (var changes = random.Next(1, ChangesMax + 1); changes > 0 && length > 0; changes--)
        {
            length = ChangeOnce(buffer, length, random);
        }

        var input = buffer.AsMemory(0, length);
        if (random.Next(4) > 0)
        {
            Repair?.Invoke(input);
        }

        return input;
    }

    private int ChangeOnce(byte[] buffer, int length, Random random)
    {
        // Heads are short and hold what matters: half of the changes go there.
        var at = random.Next(random.Next(2) == 0 ? Math.Min(length, 128) : length);
        var span = buffer.AsSpan(0, length);
        var count = Math.Min(1 << random.Next(9), length - at);
        switch (random.Next(8))
        {
            case 0:
                span[at] ^= (byte)(1 << random.Next(8));
                return length;
            case 1:
                span[at] = (byte)random.Next(256);
                return length;
            case 2:
                WriteNumber(span[at..], Borders[random.Next(Borders.Length)] + random.Next(-1, 2), 1 << random.Next(4));
                return length;
            case 3:
                span.Slice(at, count).Clear();
                return length;
            case 4:
                span[(at + count)..].CopyTo(span[at..]);
                return length - count;
            case 5:
                buffer.AsSpan(at, length - at).CopyTo(buffer.AsSpan(at + count));
                return length + count;
            case 6:
                var other = Corpus[random.Next(Corpus.Count)];
                var from = random.Next(other.Length);
                other.AsSpan(from, Math.Min(count, Math.Min(other.Length - from, length - at))).CopyTo(span[at..]);
                return length;
            default:
                return random.Next(4) == 0 ? at : length;
        }
    }

    private static void WriteNumber(Span<byte> at, long number, int bytes)
    {
        Span<byte> written = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(written, number);
        written[..Math.Min(bytes, at.Length)].CopyTo(at);
    }
}
