namespace FileSharing.BlobEngine;

/// <summary>
/// Segment files open for reading, the last used ones kept. A process that runs out of file descriptors fails its reads, and a failed read
/// looks like damage, so a volume of many segments must not hold one for each. Thread-safe.
/// </summary>
/// <param name="disk">Where the files are.</param>
/// <param name="access">How they are read.</param>
/// <param name="keptMax">Handles kept without a user; those in use come on top, one a segment.</param>
internal sealed class SegmentHandles(IDisk disk, DiskAccess access, int keptMax) : IDisposable
{
    private readonly Lock gate = new();
    private readonly Dictionary<uint, LinkedListNode<Entry>> bySegment = [];
    private readonly LinkedList<Entry> byLastUse = new();
    private bool disposed;

    /// <summary>The file, open until the lease is disposed.</summary>
    public SegmentLease Lease(uint segment, string path)
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(disposed, this);
            if (bySegment.TryGetValue(segment, out var node))
            {
                byLastUse.Remove(node);
                byLastUse.AddFirst(node);
            }
            else
            {
                node = byLastUse.AddFirst(new Entry(segment, disk.Open(path, access, create: false)));
                bySegment[segment] = node;
            }

            node.Value.Users++;
            while (byLastUse.Count > keptMax)
            {
                Drop(byLastUse.Last!);
            }

            return new SegmentLease(this, node.Value);
        }
    }

    /// <summary>Closes the file once its last user has gone.</summary>
    public void Forget(uint segment)
    {
        lock (gate)
        {
            if (bySegment.TryGetValue(segment, out var node))
            {
                Drop(node);
            }
        }
    }

    /// <summary>Lends no more; files in use are closed by their last user.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            disposed = true;
            while (byLastUse.Last is { } node)
            {
                Drop(node);
            }
        }
    }

    internal void Release(Entry entry)
    {
        lock (gate)
        {
            entry.Users--;
            CloseUnused(entry);
        }
    }

    private void Drop(LinkedListNode<Entry> node)
    {
        byLastUse.Remove(node);
        bySegment.Remove(node.Value.Segment);
        node.Value.IsDropped = true;
        CloseUnused(node.Value);
    }

    private static void CloseUnused(Entry entry)
    {
        if (entry is { IsDropped: true, Users: 0 })
        {
            entry.File.Dispose();
        }
    }

    internal sealed class Entry(uint segment, IDiskFile file)
    {
        public uint Segment { get; } = segment;

        public IDiskFile File { get; } = file;

        public int Users { get; set; }

        public bool IsDropped { get; set; }
    }
}

/// <summary>The use of a segment's file; dispose it exactly once.</summary>
internal readonly struct SegmentLease(SegmentHandles handles, SegmentHandles.Entry entry) : IDisposable
{
    public IDiskFile File => entry.File;

    public void Dispose() => handles.Release(entry);
}
