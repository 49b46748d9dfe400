using System.Buffers.Binary;
using FileSharing.Chunks;
using FileSharing.Native.RocksDb;

namespace FileSharing.BlobEngine;

/// <summary>
/// Where every live record lies. Derived from the segments: nothing here is synced but by <see cref="Flush"/>, and a crash loses a tail of
/// whole updates, which the replay positions inside the same updates bring back. Reads are thread-safe, updates come from one thread.
/// </summary>
internal sealed class ChunkIndex : IDisposable
{
    public const uint Format = 1;

    private readonly RocksDb db;

    private ChunkIndex(RocksDb db, bool isNew)
    {
        this.db = db;
        IsNew = isNew;
        Totals = SegmentTotals.Load(db);
    }

    /// <summary>Whether it was made by this opening, and so knows no segment yet.</summary>
    public bool IsNew { get; }

    public SegmentTotals Totals { get; }

    public long TableBytes => db.TableBytes();

    /// <summary>Opens the index, or makes a new one when it is absent, unreadable, or of another format.</summary>
    /// <exception cref="RocksDbException">The system refuses the files: the index stays as it is.</exception>
    public static ChunkIndex Open(IDisk disk, string path, RocksDbOptions options)
    {
        try
        {
            if (disk.DirectoryExists(path))
            {
                var opened = RocksDb.Open(path, options);
                if (ReadNumber(opened, IndexKeys.Format) == Format)
                {
                    return new ChunkIndex(opened, isNew: false);
                }

                opened.Dispose();
                disk.DeleteDirectory(path);
            }
        }
        catch (RocksDbException error) when (!error.IsRefusalOfSystem)
        {
            // It holds nothing that the segments do not.
            disk.DeleteDirectory(path);
        }

        disk.CreateDirectory(path);
        return new ChunkIndex(RocksDb.Open(path, options), isNew: true);
    }

    public IndexEntry? Find(ChunkId id)
    {
        Span<byte> key = stackalloc byte[IndexKeys.IdKeyBytes];
        Span<byte> value = stackalloc byte[IndexEntry.Bytes];
        return db.Get(IndexKeys.OfId(key, IndexKeys.Entry, id), value) < 0 ? null : IndexEntry.Read(value);
    }

    /// <summary>Entries in order of id, those after <paramref name="after"/>.</summary>
    public List<RecordInfo> List(ChunkId? after, int max)
    {
        var found = new List<RecordInfo>();
        Walk(IndexKeys.Entry, after, max, (id, value) => found.Add(IndexEntry.Read(value).ToInfo(id)));
        return found;
    }

    public List<ChunkId> ListOwed(ChunkId? after, int max)
    {
        var found = new List<ChunkId>();
        Walk(IndexKeys.Owed, after, max, (id, _) => found.Add(id));
        return found;
    }

    /// <summary>Everything of this segment below the result is in the index.</summary>
    public long ReplayPosition(uint segment)
    {
        Span<byte> key = stackalloc byte[IndexKeys.SegmentKeyBytes];
        return (long)ReadNumber(db, IndexKeys.OfSegment(key, IndexKeys.Replay, segment));
    }

    /// <summary>Segments that have a replay position, whether or not their file is still there.</summary>
    public IReadOnlyList<uint> Segments()
    {
        var numbers = new List<uint>();
        using var iterator = db.Iterate();
        for (
            iterator.Seek([IndexKeys.Replay]);
            iterator.IsValid && iterator.Key[0] == IndexKeys.Replay;
            iterator.Next()
        )
        {
            numbers.Add(BinaryPrimitives.ReadUInt32BigEndian(iterator.Key[1..]));
        }

        return numbers;
    }

    /// <summary>The last batch sequence that the index has seen.</summary>
    public ulong Sequence => ReadNumber(db, IndexKeys.Sequence);

    /// <summary>The incarnation of the volume that was closed cleanly, all of it being in the index; 0 when none was.</summary>
    public ulong CleanIncarnation => ReadNumber(db, IndexKeys.CleanIncarnation);

    public IndexUpdate BeginUpdate() => new(this, db);

    public void Flush() => db.Flush();

    private delegate void Visit(ChunkId id, ReadOnlySpan<byte> value);

    private void Walk(byte kind, ChunkId? after, int max, Visit visit)
    {
        Span<byte> key = stackalloc byte[IndexKeys.IdKeyBytes + 1];
        key.Clear();
        // The key with one more zero byte is the least that is greater than it.
        var start = after is { } id ? key[..(IndexKeys.OfId(key, kind, id).Length + 1)] : key[..1];
        start[0] = kind;
        using var iterator = db.Iterate();
        for (iterator.Seek(start); max > 0 && iterator.IsValid && iterator.Key[0] == kind; iterator.Next(), max--)
        {
            visit(new ChunkId(iterator.Key[1..]), iterator.Value);
        }
    }

    private static ulong ReadNumber(RocksDb db, ReadOnlySpan<byte> key)
    {
        Span<byte> value = stackalloc byte[sizeof(ulong)];
        value.Clear();
        return db.Get(key, value) < 0 ? 0 : BinaryPrimitives.ReadUInt64LittleEndian(value);
    }

    public void Dispose() => db.Dispose();
}
