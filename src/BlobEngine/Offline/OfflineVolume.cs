using FileSharing.Chunks;

namespace FileSharing.BlobEngine;

/// <summary>
/// A volume of a process that does not run, read without changing a byte of it: needs its segments and keys, not its index. What is live is worked out from the
/// segments into a scratch index elsewhere. For export: a file system mounted read-only will do. One caller.
/// </summary>
public sealed class OfflineVolume : IDisposable
{
    private const long BufferBytesKept = 48L << 20;

    private readonly BufferPool buffers = new(BufferBytesKept);
    private readonly IDisposable? heldLock;
    private readonly SegmentSet segments;
    private readonly SegmentHeaders headers;
    private readonly ChunkIndex index;
    private readonly RecordReader reader;
    private readonly RecordCodec codec;

    private OfflineVolume(string path, string scratchPath, DataKeys keys, IDisk disk)
    {
        var files = new VolumeFiles(disk, path);
        Identity =
            (disk.DirectoryExists(path) ? files.ReadIdentity() : null)
            ?? throw new BlobException(BlobError.NotAVolume, $"{path} holds no volume.json: it is no volume.");
        heldLock = TryLock(disk, files);
        segments = new SegmentSet(disk, files.SegmentsPath);
        headers = new SegmentHeaders(Identity, segments, buffers);
        var engine = new RocksDbIndex(disk, new Native.RocksDb.RocksDbOptions());
        engine.Remove(scratchPath);
        index = ChunkIndex.Open(engine, scratchPath, new SpareFile(disk, path, isKept: false), () => { });
        reader = new RecordReader(new SegmentReader(segments, buffers), new BlockDecoder(keys));
        codec = new RecordCodec(keys, new RecordCodecOptions());
    }

    internal VolumeIdentity Identity { get; }

    /// <summary>Chosen when the volume was made.</summary>
    public Guid VolumeId => Identity.VolumeId;

    /// <summary>Live records.</summary>
    public long Records => index.Totals.Records;

    /// <summary>Segments, or places in them, that cannot be read: what lies there is missing here.</summary>
    public IReadOnlyList<DamagedPlace> Damage { get; private set; } = [];

    /// <summary>Opens a volume and works out what is live in it; takes as long as reading its directories.</summary>
    /// <param name="path">The volume's directory.</param>
    /// <param name="scratchPath">A directory for the scratch index: made anew, removed when the volume is closed.</param>
    /// <param name="keys">Gets the volume's data keys.</param>
    /// <param name="disk">Where all of it is.</param>
    /// <param name="progress">Told after every segment.</param>
    /// <param name="ct">Ends the opening.</param>
    /// <exception cref="BlobException"><see cref="BlobError.NotAVolume"/>; <see cref="BlobError.VolumeInUse"/>: stop the node first.</exception>
    /// <exception cref="System.Security.Cryptography.CryptographicException">A key of the volume was wrapped by another root key.</exception>
    public static OfflineVolume Open(
        string path,
        string scratchPath,
        DataKeys keys,
        IDisk disk,
        IProgress<RecoveryProgress>? progress,
        CancellationToken ct
    )
    {
        ArgumentNullException.ThrowIfNull(disk);
        var volume = new OfflineVolume(path, scratchPath, keys, disk);
        try
        {
            foreach (var key in new VolumeFiles(disk, path).ReadKeys())
            {
                keys.Add(key);
            }

            volume.Fill(progress, ct);
            return volume;
        }
        catch
        {
            volume.Dispose();
            throw;
        }
    }

    /// <summary>Records in order of id, at most <paramref name="max"/> of those after <paramref name="after"/>.</summary>
    public IReadOnlyList<RecordInfo> List(ChunkId? after, int max) => index.List(after, max);

    /// <summary>The whole plaintext of a record, compared with its id.</summary>
    /// <returns>Null when absent; dispose it otherwise.</returns>
    /// <exception cref="BlobException"><see cref="BlobError.Damaged"/>: take another copy; <see cref="BlobError.UnknownKey"/>.</exception>
    public async ValueTask<PooledBuffer?> ReadAsync(ChunkId id, RecordKind kind, CancellationToken ct)
    {
        if (index.Find(id) is not { } entry || entry.Kind != kind)
        {
            return null;
        }

        using var record = await reader.ReadAsync(id, entry, ct);
        var plain = RecordPlaintext.Open(codec, record.Memory.Span, buffers);
        if (RecordPlaintext.IsOfId(record.Header, plain.GetSpan()))
        {
            return plain;
        }

        plain.Dispose();
        throw new BlobException(BlobError.Damaged, $"The record of {id} holds other bytes than its id names.");
    }

    /// <summary>Remembers ids until the volume is closed, on disk: for sets that memory may not hold.</summary>
    public void Mark(IEnumerable<ChunkId> ids)
    {
        using var update = index.BeginUpdate();
        foreach (var id in ids)
        {
            update.Mark(id);
        }

        update.Commit();
    }

    /// <summary>Whether the id was given to <see cref="Mark"/>.</summary>
    public bool IsMarked(ChunkId id) => index.IsMarked(id);

    private void Fill(IProgress<RecoveryProgress>? progress, CancellationToken ct)
    {
        var numbers = segments.Load(isReadOnly: true);
        var damage = new List<DamagedPlace>();
        var done = new RecoveryProgress(0, numbers.Count, 0, segments.Bytes, 0);
        using var replay = new Replay(index, segments);
        for (var i = 0; i < numbers.Count; i++)
        {
            ct.ThrowIfCancellationRequested();
            var number = numbers[i];
            var (contents, unreadable) = Read(number, i + 1 < numbers.Count ? numbers[i + 1] : null, damage, ct);
            replay.Enter(number, contents.Records, contents.Notes);
            foreach (var record in unreadable)
            {
                replay.EnterUnreadable(number, record, mayBeNew: true);
            }

            done = done with
            {
                SegmentsDone = done.SegmentsDone + 1,
                BytesDone = done.BytesDone + segments.BytesOf(number),
                Records = replay.Records,
            };
            progress?.Report(done);
        }

        replay.Commit();
        Damage = damage;
    }

    /// <summary>As much of a segment as can be read, and what is known to be missing.</summary>
    private (SegmentContents Contents, IReadOnlyList<DirectoryEntry> Unreadable) Read(
        uint number,
        uint? next,
        List<DamagedPlace> damage,
        CancellationToken ct
    )
    {
        try
        {
            using var lease = segments.Reading(number);
            var footer = SegmentFooter.TryReadBlock(lease.File, number, buffers);
            if (footer is { } end && SegmentFooter.TryReadContents(lease.File, end, buffers) is { } contents)
            {
                return (contents, []);
            }

            return headers.Read(lease.File, number, damage) is { } header
                ? Scan(number, next, header, footer, damage, ct)
                : (new SegmentContents(), []);
        }
        catch (IOException)
        {
            damage.Add(new DamagedPlace(number, 0, segments.BytesOf(number)));
            return (new SegmentContents(), []);
        }
    }

    private (SegmentContents Contents, IReadOnlyList<DirectoryEntry> Unreadable) Scan(
        uint number,
        uint? next,
        SegmentHeader header,
        FooterBlock? footer,
        List<DamagedPlace> damage,
        CancellationToken ct
    )
    {
        using var direct = segments.ReadingDirect(number);
        var scan = new SegmentScan(direct.File, number, buffers);
        scan.Run(header, ct);
        damage.AddRange(scan.Damage);
        var unreadable = scan.Unreadable.ToList();
        if (scan.TornTailBytes > 0 && scan.End != footer?.FirstOffset)
        {
            // Without the index nobody knows whether the end of the log was acknowledged. Whole records are what their ids say either way, and nothing else is taken of it.
            damage.Add(new DamagedPlace(number, scan.End, scan.TornTailBytes));
            scan.SalvageTail(scan.End + scan.TornTailBytes, headers.FirstSequenceOf(next, ulong.MaxValue), ct);
        }

        return (scan.Contents, next is null ? unreadable : scan.Unreadable);
    }

    /// <returns>Null where the file system takes no lock because it is read-only: then nobody has the volume open for writing either.</returns>
    private static IDisposable? TryLock(IDisk disk, VolumeFiles files)
    {
        try
        {
            return disk.TryLock(files.LockPath)
                ?? throw new BlobException(
                    BlobError.VolumeInUse,
                    $"{files.LockPath} is held: stop the storage node before its volume is read offline."
                );
        }
        catch (Exception error) when (error is IOException and not BlobException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    public void Dispose()
    {
        index.Dispose();
        segments.Dispose();
        buffers.Dispose();
        heldLock?.Dispose();
    }
}
