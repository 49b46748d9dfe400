using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace FileSharing.Chunks;

/// <summary>One line of a manifest: what to read next, and how many bytes of the file it stands for.</summary>
/// <param name="Id">A chunk (level 0), or a manifest of the level below.</param>
/// <param name="Size">Plaintext bytes; at most <see cref="ChunkingPolicy.ChunkBytesMax"/> at level 0.</param>
public readonly record struct ManifestEntry(ChunkId Id, long Size);

/// <summary>
/// The ordered list of what one file version consists of. Bytes: docs/segment-format.md, section 6.
/// </summary>
public sealed class Manifest
{
    /// <summary>Entries a manifest: with 36 B each this stays below the 10 MiB of a record.</summary>
    public const int EntriesMax = 290_000;

    /// <summary>Levels: 3 would be 290,000³ chunks; a deeper one is damage or an attack.</summary>
    public const int LevelMax = 3;

    private const byte Version = 1;
    private const int HeadBytesWithoutName = 3 + 8 + 4;

    private static readonly byte[] IdDomain = "fileshare-manifest-1\0"u8.ToArray();

    private Manifest(int level, string policyName, long size, ManifestEntry[] entries)
    {
        Level = level;
        PolicyName = policyName;
        Size = size;
        Entries = entries;
    }

    /// <summary>0 when the entries are chunks, n when they are manifests of level n - 1.</summary>
    public int Level { get; }

    /// <summary>Name of the <see cref="ChunkingPolicy"/> that cut the file.</summary>
    public string PolicyName { get; }

    /// <summary>Plaintext bytes of everything below: the sum of the entries' sizes.</summary>
    public long Size { get; }

    public IReadOnlyList<ManifestEntry> Entries { get; }

    /// <exception cref="ArgumentException">Too many entries, a level out of range, or an entry of a size that its level cannot have.</exception>
    public static Manifest Create(int level, string policyName, IReadOnlyList<ManifestEntry> entries)
    {
        ArgumentNullException.ThrowIfNull(entries);
        ArgumentNullException.ThrowIfNull(policyName);
        var (size, problem) = Check(level, entries);
        if (problem is not null || policyName.Length > 255 || !Ascii.IsValid(policyName))
        {
            throw new ArgumentException(problem ?? "A policy name is at most 255 ASCII characters.", nameof(entries));
        }

        return new Manifest(level, policyName, size, [.. entries]);
    }

    /// <summary>SHA-256 over a domain and the body: no chunk can have the id of a manifest.</summary>
    public static ChunkId IdOf(ReadOnlySpan<byte> body)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(IdDomain);
        hash.AppendData(body);
        Span<byte> digest = stackalloc byte[ChunkId.Bytes];
        hash.GetHashAndReset(digest);
        return new ChunkId(digest);
    }

    /// <summary>The id that a plaintext of this kind has.</summary>
    public static ChunkId IdOf(RecordKind kind, ReadOnlySpan<byte> plaintext) =>
        kind == RecordKind.Manifest ? IdOf(plaintext) : ChunkId.OfChunk(plaintext);

    public byte[] ToBody()
    {
        var body = new byte[HeadBytesWithoutName + PolicyName.Length + (Entries.Count * EntryBytes(Level))];
        body[0] = Version;
        body[1] = (byte)Level;
        body[2] = (byte)PolicyName.Length;
        Encoding.ASCII.GetBytes(PolicyName, body.AsSpan(3));
        var rest = body.AsSpan(3 + PolicyName.Length);
        BinaryPrimitives.WriteInt64LittleEndian(rest, Size);
        BinaryPrimitives.WriteInt32LittleEndian(rest[8..], Entries.Count);
        rest = rest[12..];
        foreach (var entry in Entries)
        {
            entry.Id.CopyTo(rest);
            if (Level == 0)
            {
                BinaryPrimitives.WriteUInt32LittleEndian(rest[ChunkId.Bytes..], (uint)entry.Size);
            }
            else
            {
                BinaryPrimitives.WriteInt64LittleEndian(rest[ChunkId.Bytes..], entry.Size);
            }

            rest = rest[EntryBytes(Level)..];
        }

        return body;
    }

    /// <exception cref="FormatException">Not a manifest of a version that this release reads; the message says what is wrong.</exception>
    public static Manifest Parse(ReadOnlySpan<byte> body)
    {
        if (body.Length < HeadBytesWithoutName || body[0] != Version)
        {
            throw new FormatException($"Not a manifest of version {Version}.");
        }

        var level = body[1];
        var nameLength = body[2];
        var entryBytes = EntryBytes(level);
        if (body.Length < HeadBytesWithoutName + nameLength)
        {
            throw new FormatException("The manifest ends inside its head.");
        }

        if (!Ascii.IsValid(body.Slice(3, nameLength)))
        {
            throw new FormatException("The manifest names its policy with other than ASCII characters.");
        }

        var policyName = Encoding.ASCII.GetString(body.Slice(3, nameLength));
        var rest = body[(3 + nameLength)..];
        var size = BinaryPrimitives.ReadInt64LittleEndian(rest);
        var count = BinaryPrimitives.ReadInt32LittleEndian(rest[8..]);
        rest = rest[12..];
        if (count < 0 || rest.Length != (long)count * entryBytes)
        {
            throw new FormatException($"The manifest says {count} entries and holds {rest.Length / entryBytes}.");
        }

        var entries = new ManifestEntry[count];
        for (var i = 0; i < count; i++, rest = rest[entryBytes..])
        {
            var entrySize =
                level == 0
                    ? BinaryPrimitives.ReadUInt32LittleEndian(rest[ChunkId.Bytes..])
                    : BinaryPrimitives.ReadInt64LittleEndian(rest[ChunkId.Bytes..]);
            entries[i] = new ManifestEntry(new ChunkId(rest[..ChunkId.Bytes]), entrySize);
        }

        var (sum, problem) = Check(level, entries);
        if (problem is not null || sum != size)
        {
            throw new FormatException(problem ?? $"The manifest says {size} bytes and its entries have {sum}.");
        }

        return new Manifest(level, policyName, size, entries);
    }

    private static int EntryBytes(int level) => ChunkId.Bytes + (level == 0 ? 4 : 8);

    private static (long Size, string? Problem) Check(int level, IReadOnlyList<ManifestEntry> entries)
    {
        if (level is < 0 or > LevelMax || entries.Count > EntriesMax)
        {
            return (0, $"A manifest has level 0 to {LevelMax} and at most {EntriesMax} entries.");
        }

        long size = 0;
        foreach (var entry in entries)
        {
            if (
                entry.Size < 1
                || (level == 0 && entry.Size > ChunkingPolicy.ChunkBytesMax)
                || entry.Size > long.MaxValue - size
            )
            {
                return (0, $"An entry of {entry.Size} bytes cannot stand in a manifest of level {level}.");
            }

            size += entry.Size;
        }

        return (size, null);
    }
}
