namespace FileSharing.BlobEngine;

/// <summary>The directory of a volume, locked and recovered: what reading and writing work on.</summary>
internal sealed class Volume : IDisposable
{
    /// <summary>Idle buffers that a volume with a pool of its own keeps.</summary>
    private const long BufferBytesKept = 48L << 20;

    /// <summary>A segment of this size is sealed at close: the next opening would have to read it to go on with it.</summary>
    private const long SealAtCloseBytes = 64L << 20;

    private readonly IDisposable heldLock;
    private int indexDamaged;

    private Volume(VolumeOptions options, DataKeys keys, IDisk disk, VolumeFiles files, IDisposable heldLock)
    {
        Options = options;
        Keys = keys;
        Codec = new RecordCodec(keys, new RecordCodecOptions());
        Disk = disk;
        Files = files;
        this.heldLock = heldLock;
        IndexEngine = options.IndexEngine ?? new RocksDbIndex(disk, options.Index);
        Buffers = options.Buffers ?? new BufferPool(BufferBytesKept);
        Segments = new SegmentSet(disk, files.SegmentsPath);
        Spare = new SpareFile(disk, options.Path, isKept: options.FreeBytesMin >= SpareFile.Bytes);
    }

    public VolumeOptions Options { get; }

    public DataKeys Keys { get; }

    /// <summary>For those who see plaintext: scrub, rotation of keys, proofs.</summary>
    public RecordCodec Codec { get; }

    public IDisk Disk { get; }

    public VolumeFiles Files { get; }

    public IIndexEngine IndexEngine { get; }

    public BufferPool Buffers { get; }

    public SegmentSet Segments { get; }

    public VolumeIdentity Identity { get; private set; } = null!;

    public ChunkIndex Index { get; private set; } = null!;

    public SegmentLog Log { get; private set; } = null!;

    /// <summary>Room for the worst of times.</summary>
    public SpareFile Spare { get; }

    /// <summary>Whether the index has turned out damaged since opening.</summary>
    public bool IsIndexDamaged => Volatile.Read(ref indexDamaged) != 0;

    public RecoveryReport Recovered { get; private set; } = null!;

    /// <summary>What the volume has seen of garbage collection; null before its first sweep.</summary>
    public SweepFence? Fence { get; private set; }

    /// <summary>Durable when it returns.</summary>
    public void WriteFence(SweepFence fence)
    {
        Files.WriteFence(fence);
        Fence = fence;
    }

    public static Volume Open(VolumeOptions options, DataKeys keys, IDisk disk, TimeProvider time, CancellationToken ct)
    {
        var files = new VolumeFiles(disk, options.Path);
        if (!disk.DirectoryExists(options.Path))
        {
            disk.CreateDirectory(options.Path);
            disk.SyncDirectory(Path.GetDirectoryName(Path.GetFullPath(options.Path))!);
        }

        var isEmpty = files.IsEmpty;
        if (!isEmpty && files.ReadIdentity() is null)
        {
            throw new BlobException(
                BlobError.NotAVolume,
                $"{options.Path} is not empty and holds no volume.json; give an empty directory, or the right one."
            );
        }

        var held =
            disk.TryLock(files.LockPath)
            ?? throw new BlobException(BlobError.VolumeInUse, $"Another process has {options.Path} open.");
        var volume = new Volume(options, keys, disk, files, held);
        try
        {
            volume.Recover(time, ct);
            return volume;
        }
        catch
        {
            volume.Dispose();
            throw;
        }
    }

    private void Recover(TimeProvider time, CancellationToken ct)
    {
        var previous = Files.ReadIdentity() ?? VolumeFiles.NewIdentity(Options, time);
        if (previous.ClusterId != Options.ClusterId)
        {
            throw new BlobException(
                BlobError.WrongCluster,
                $"{Options.Path} belongs to cluster {previous.ClusterId}, not to {Options.ClusterId}. Put the right disk there; if nothing on this one is needed, make the directory empty."
            );
        }

        Files.MendKeys();
        foreach (var key in Files.ReadKeys())
        {
            Keys.Add(key);
        }

        Spare.ReleaseWhenShort();
        Identity = previous with { Incarnation = previous.Incarnation + 1 };
        Files.WriteIdentity(Identity);
        Disk.CreateDirectory(Files.SegmentsPath);
        Disk.SyncDirectory(Options.Path);
        OpenIndex();
        var isProved = DoubtStamps(previous.Incarnation);
        var recovery = new Recovery(Segments, Index, Buffers, Identity, previous.Incarnation, Options);
        (var position, Recovered) = recovery.Run(ct);
        if (isProved && Recovered is { Damage.Count: 0, IndexRebuilt: false })
        {
            WriteFence(Fence! with { IsUnproved = false });
        }

        if (Files.IsIndexMarked)
        {
            Files.UnmarkIndex();
        }

        Log = new SegmentLog(Options, Segments, Buffers, position);
        Spare.Take();
        Index.WaitForRoom();
    }

    /// <summary>
    /// What damage takes may have been a stamp, or the note that made a condemned record live again. So before a recovery can forget what it has found, the fence says that nothing is
    /// proved; after one that found no damage it says otherwise.
    /// </summary>
    /// <returns>Whether that is to be said again.</returns>
    private bool DoubtStamps(ulong previousIncarnation)
    {
        Fence = Files.ReadFence();
        var isClean = !Index.IsNew && previousIncarnation > 0 && Index.CleanIncarnation == previousIncarnation;
        if (isClean || Fence is not { IsUnproved: false })
        {
            return false;
        }

        WriteFence(Fence with { IsUnproved = true });
        return true;
    }

    /// <summary>An index that is known to be damaged goes first; its mark goes last, when the new one is complete.</summary>
    private void OpenIndex()
    {
        if (Files.IsIndexMarked || Options.Rebuild != IndexRebuild.WhenNeeded)
        {
            IndexEngine.Remove(Files.IndexPath);
        }

        IndexEngine.Remove(Files.IndexCheckPath);
        Index = ChunkIndex.Open(IndexEngine, Files.IndexPath, Spare, ReportIndexDamage);
    }

    /// <summary>Has the next opening build the index anew.</summary>
    public void ReportIndexDamage()
    {
        if (Interlocked.Exchange(ref indexDamaged, 1) != 0)
        {
            return;
        }

        try
        {
            Files.MarkIndex();
        }
        catch (IOException)
        {
            // A disk that takes no mark: the next opening trusts the index until it meets the damage again.
        }
    }

    /// <summary>Leaves nothing to recover. Only when every write has succeeded and the writer has ended.</summary>
    public void CloseLog()
    {
        using var update = Index.BeginUpdate();
        if (Log.IsOpen && Log.Position >= SealAtCloseBytes && Log.TryReserveFooter())
        {
            using var builder = new BatchBuilder(Buffers);
            var (segment, length) = Log.Seal(builder);
            update.SetReplayPosition(segment, length);
            update.SetSequence(Log.NextSequence - 1);
        }

        Log.Trim();
        update.SetCleanIncarnation(Identity.Incarnation);
        try
        {
            update.Commit();
            Index.Flush();
        }
        catch (BlobException error) when (error.Error == BlobError.IndexDamaged)
        {
            // It is marked: the next opening builds it anew, and the log is whole.
        }
        catch (IndexException error) when (error.IsNoSpace)
        {
            // The log is whole: the next opening replays what the index has lost with this process.
        }
    }

    public void Dispose()
    {
        Log?.Dispose();
        Index?.Dispose();
        Segments.Dispose();
        if (Options.Buffers is null)
        {
            Buffers.Dispose();
        }

        heldLock.Dispose();
    }
}
