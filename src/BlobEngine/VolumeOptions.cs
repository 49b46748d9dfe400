namespace FileSharing.BlobEngine;

/// <summary>When the index is built anew from the segments.</summary>
public enum IndexRebuild
{
    /// <summary>When it is absent or damaged.</summary>
    WhenNeeded,

    /// <summary>In any case, from the directories at the ends of the segments.</summary>
    FromDirectories,

    /// <summary>In any case, from every batch of every segment: reads all that is stored.</summary>
    FromBatches,
}

/// <summary>Where a volume lies, whose it is, and its limits.</summary>
public sealed record VolumeOptions
{
    /// <summary>The data directory; made when absent.</summary>
    public required string Path { get; init; }

    /// <summary>A volume of another cluster is refused.</summary>
    public required Guid ClusterId { get; init; }

    /// <summary>Written into a new volume, for people.</summary>
    public required string NodeName { get; init; }

    /// <summary>A segment is sealed by the batch that reaches this size.</summary>
    public long SegmentBytesMax { get; init; } = 1L << 30;

    /// <summary>How long the writer waits for puts that have begun, before it writes a batch without them.</summary>
    public TimeSpan Linger { get; init; } = TimeSpan.FromMilliseconds(0.3);

    /// <summary>With less free space on the file system new records are refused; two segments, so that reclaiming can always work.</summary>
    public long FreeBytesMin { get; init; } = 2L << 30;

    /// <summary>Record bytes that may wait for the writer; further puts wait in line without copying anything.</summary>
    public long AppendQueueBytesMax { get; init; } = 64L << 20;

    /// <summary>Whether the opening builds the index anew although it looks whole.</summary>
    public IndexRebuild Rebuild { get; init; }

    /// <summary>Told how far the opening has come.</summary>
    public IProgress<RecoveryProgress>? Recovery { get; init; }

    /// <summary>Where reads take their buffers; share one among the volumes of a process. Null makes one for this volume.</summary>
    public BufferPool? Buffers { get; init; }

    /// <summary>How much the index may hold in memory and on disk.</summary>
    public FileSharing.Native.RocksDb.RocksDbOptions Index { get; init; } = new();

    /// <summary>The store below the index; null for RocksDB. Another one simulates.</summary>
    internal IIndexEngine? IndexEngine { get; init; }

    /// <summary>Whoever appends writes the batch, on its own thread: a simulation has only one. Without linger.</summary>
    internal bool WritesOnCaller { get; init; }

    /// <summary>Of a volume that is made; null for a new one. A simulation has the same ones every time.</summary>
    internal Guid? NewVolumeId { get; init; }
}
