using System.Buffers.Binary;
using FileSharing.BlobEngine;

namespace FileSharing.UnitTests.Simulation;

/// <summary>Batches of an index, each made from its number alone, so that whoever knows how many were applied knows what must be there.</summary>
internal static class IndexScript
{
    private const int Keys = 500;
    private const int ChangesMax = 40;

    /// <summary>Its value is the number of the last batch.</summary>
    public static ReadOnlySpan<byte> NumberKey => "\0number"u8;

    public static void Fill(IIndexBatch batch, int seed, int number)
    {
        var random = new Random(unchecked((seed * 1_000_003) + number));
        for (var change = random.Next(ChangesMax); change >= 0; change--)
        {
            var key = KeyOf(random.Next(Keys));
            if (random.Next(3) == 0)
            {
                batch.Delete(key);
            }
            else
            {
                var value = new byte[random.Next(40)];
                random.NextBytes(value);
                batch.Put(key, value);
            }
        }

        batch.Put(NumberKey, BitConverter.GetBytes(number));
    }

    public static byte[] KeyOf(int key)
    {
        // Of several lengths, one the beginning of another.
        var bytes = new byte[1 + (key % 3)];
        bytes[0] = (byte)(key / 3);
        return bytes;
    }

    public static int NumberIn(IIndexStore store)
    {
        Span<byte> value = stackalloc byte[sizeof(int)];
        return store.Get(NumberKey, value) < 0 ? 0 : BinaryPrimitives.ReadInt32LittleEndian(value);
    }

    /// <summary>Keys and values from here on, in order, as text.</summary>
    public static List<string> Walk(IIndexStore store, ReadOnlySpan<byte> from, int max)
    {
        var found = new List<string>();
        store.Walk(
            from,
            (key, value) =>
            {
                found.Add($"{Convert.ToHexString(key)}={Convert.ToHexString(value)}");
                return found.Count < max;
            }
        );
        return found;
    }
}
