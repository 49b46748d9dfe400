using System.Buffers.Binary;
using FileSharing.Chunks;

namespace FileSharing.BlobEngine;

/// <summary>
/// Which ids a replay has entered: Bloom filters of blocks of one cache line, each four times as large as the one before, at 10 bits an id. While a new index is filled, hardly
/// any id comes twice, and to ask RocksDB for each would cost more than to enter it. One thread.
/// </summary>
internal sealed class SeenIds
{
    private const int FirstIds = 1 << 16;
    private const int Growth = 4;
    private const int BitsPerId = 10;
    private const int BlockWords = 8;

    /// <summary>Together for 87 million ids, 104 MiB; later ones count as seen.</summary>
    private const int FiltersMax = 6;

    /// <summary>Of nine bits each, from one word of the id.</summary>
    private const int Probes = 6;
    private const int ProbeBits = 9;

    private readonly List<ulong[]> filters = [];
    private int room;

    /// <summary>Remembers the id.</summary>
    /// <returns>False when it was certainly not there before.</returns>
    public bool Add(ChunkId id)
    {
        Span<byte> bytes = stackalloc byte[ChunkId.Bytes];
        id.CopyTo(bytes);
        // SHA-256 is uniform, but for the first bytes, by which a volume gets its partitions.
        var place = BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]);
        var probes = BinaryPrimitives.ReadUInt64LittleEndian(bytes[24..]);
        foreach (var filter in filters)
        {
            if (Has(BlockOf(filter, place), probes))
            {
                return true;
            }
        }

        if (room == 0 && !TryGrow())
        {
            return true;
        }

        Set(BlockOf(filters[^1], place), probes);
        room--;
        return false;
    }

    private bool TryGrow()
    {
        if (filters.Count == FiltersMax)
        {
            return false;
        }

        room = FirstIds;
        for (var i = 0; i < filters.Count; i++)
        {
            room *= Growth;
        }

        filters.Add(new ulong[(long)room * BitsPerId / (8 * sizeof(ulong))]);
        return true;
    }

    private static Span<ulong> BlockOf(ulong[] filter, ulong place)
    {
        var block = Math.BigMul(place, (ulong)(filter.Length / BlockWords), out _);
        return filter.AsSpan((int)block * BlockWords, BlockWords);
    }

    private static bool Has(ReadOnlySpan<ulong> block, ulong probes)
    {
        for (var i = 0; i < Probes; i++, probes >>= ProbeBits)
        {
            if ((block[(int)(probes >> 6 & 7)] >> (int)(probes & 63) & 1) == 0)
            {
                return false;
            }
        }

        return true;
    }

    private static void Set(Span<ulong> block, ulong probes)
    {
        for (var i = 0; i < Probes; i++, probes >>= ProbeBits)
        {
            block[(int)(probes >> 6 & 7)] |= 1UL << (int)(probes & 63);
        }
    }
}
