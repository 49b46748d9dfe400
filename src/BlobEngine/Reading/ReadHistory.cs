namespace FileSharing.BlobEngine;

/// <summary>
/// Which places of a volume were read from the disk lately: a fixed table in which a new place takes the slot of an old one. It may forget, and
/// two places may share a tag; either costs one read by the dearer way, nothing else. Thread-safe.
/// </summary>
internal sealed class ReadHistory
{
    /// <summary>Places remembered: 256 KiB of memory a volume; at 512 KiB a read, the last 32 GiB.</summary>
    private const int Slots = 1 << 16;

    private readonly Lazy<int[]> tags = new(() => new int[Slots]);

    /// <summary>Remembers this place.</summary>
    /// <returns>Whether it was remembered already.</returns>
    public bool Remember(uint segment, long offset)
    {
        var hash = HashCode.Combine(segment, offset);
        // The tag is never 0, which an empty slot holds.
        return Interlocked.Exchange(ref tags.Value[hash & (Slots - 1)], hash | 1) == (hash | 1);
    }
}
