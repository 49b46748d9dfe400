using FileSharing.BlobEngine;
using FileSharing.Chunks;
using FileSharing.Chunks.Keys;
using FileSharing.UnitTests.BlobEngine;

namespace FileSharing.UnitTests.Simulation;

/// <summary>A volume on a simulated disk. What is asked of it and what it answers goes into the trace.</summary>
internal sealed class SimVolume : IAsyncDisposable
{
    public const string Path = "/disk/volume";
    public const string IndexPath = Path + "/index";

    private const long SegmentBytesMax = 32 << 10;

    private static readonly CancellationToken None = CancellationToken.None;

    private readonly Trace trace;

    private SimVolume(BlobStore store, Trace trace) => (Store, this.trace) = (store, trace);

    public BlobStore Store { get; }

    public static VolumeOptions Options { get; } =
        new()
        {
            Path = Path,
            ClusterId = TestVolume.Cluster,
            NodeName = "node-1",
            FreeBytesMin = 2 * SegmentBytesMax,
            SegmentBytesMax = SegmentBytesMax,
            Linger = TimeSpan.Zero,
            Buffers = new BufferPool(256 << 20),
        };

    /// <summary>Opens the volume that the machine has, or makes one.</summary>
    public static async Task<SimVolume> OpenAsync(SimMachine machine, long? freeBytesMin = null)
    {
        var options = Options with { IndexEngine = machine.Index, FreeBytesMin = freeBytesMin ?? Options.FreeBytesMin };
        return new SimVolume(
            await BlobStore.OpenAsync(options, SimKeys.OfProcess(), machine.Disk, TimeProvider.System, None),
            machine.Trace
        );
    }

    public Task PutAsync(int record, uint epoch = 1, bool owed = false) =>
        AskAsync(
            new ChunkOperation(record, ChunkVerb.Put, epoch, owed),
            async () =>
            {
                await Store.PutAsync(TestRecords.BytesOf(record), new PutOptions(epoch, owed), None);
                return true;
            }
        );

    public Task PutAllAsync(IEnumerable<int> records, uint epoch = 1, bool owed = false) =>
        Task.WhenAll(records.Select(record => Task.Run(() => PutAsync(record, epoch, owed))));

    public Task DeleteAsync(int record) =>
        AskAsync(
            new ChunkOperation(record, ChunkVerb.Delete),
            async () =>
            {
                await Store.DeleteAsync([TestRecords.IdOf(record)], None);
                return true;
            }
        );

    public Task SettleAsync(int record) =>
        AskAsync(
            new ChunkOperation(record, ChunkVerb.Settle),
            async () =>
            {
                await Store.SettleAsync([TestRecords.IdOf(record)], None);
                return true;
            }
        );

    public Task AdoptAsync(int record, uint epoch) =>
        AskAsync(
            new ChunkOperation(record, ChunkVerb.Adopt, epoch),
            async () => await Store.AdoptAsync(TestRecords.IdOf(record), epoch, None)
        );

    /// <summary>One record's part in a cycle.</summary>
    public Task SweepAsync(int record, uint epoch, bool isReferred = false) =>
        AskAsync(
            new ChunkOperation(record, isReferred ? ChunkVerb.SweepLive : ChunkVerb.Sweep, epoch),
            async () =>
            {
                var id = TestRecords.IdOf(record);
                var report = await Store.SweepAsync(
                    new SweepRange(
                        await BeginAsync(epoch),
                        null,
                        id,
                        isReferred ? [id] : [],
                        Only(id),
                        IsApproved: true
                    ),
                    None
                );
                return report.Condemned.Records + report.Trashed.Records + report.Revived > 0;
            }
        );

    public Task DropAsync(int record, uint epoch) =>
        AskAsync(
            new ChunkOperation(record, ChunkVerb.Drop, epoch),
            async () =>
            {
                var order = await BeginAsync(epoch);
                var report = await Store.DropAsync(order, [TestRecords.IdOf(record)], upTo: epoch, None);
                return report.Dropped.Records > 0;
            }
        );

    private static Func<ChunkId, int?> Only(ChunkId wanted) => id => id == wanted ? 0 : null;

    private async Task<SweepOrder> BeginAsync(uint epoch)
    {
        var incarnation = await Store.BeginSweepsAsync(Guid.Empty, token: 0, epoch, None);
        return new SweepOrder(Guid.Empty, 0, epoch, epoch, incarnation);
    }

    public async Task CompactAsync(double deadFractionMin = 0, bool rewriteOldKeys = false)
    {
        try
        {
            await Store.CompactAsync(new CompactionOptions(deadFractionMin, RewriteOldKeys: rewriteOldKeys), None);
        }
        catch (BlobException error) when (error.Error == BlobError.VolumeFull)
        {
            // Documented; what it has done stays done.
        }
    }

    /// <summary>Looks at everything. Damage there may be; index and segments never disagree.</summary>
    public async Task ScrubAsync()
    {
        try
        {
            var report = await Store.ScrubAsync(new ScrubOptions(TimeSpan.Zero, TimeSpan.Zero), progress: null, None);
            Assert.Equal(0, report.IndexMismatches);
        }
        catch (BlobException error) when (error.Error == BlobError.VolumeFull)
        {
            // Not even the note of the damage has room.
        }
    }

    public async Task StoreKeyAsync(WrappedKey key)
    {
        try
        {
            await Store.StoreKeysAsync([key], None);
        }
        catch (IOException error) when (DiskErrors.IsNoSpace(error))
        {
            // The key is not used then.
        }
    }

    /// <summary>States what the volume says now, as something that has been seen and must stay.</summary>
    public void Observe() => trace.Add(new Observed([.. Enumerable.Range(0, TestRecords.Count).Select(StateOf)]));

    public RecordState StateOf(int record) =>
        Store.Find(TestRecords.IdOf(record)) is { } info
            ? new RecordState(true, info.Owed, info.TouchEpoch, info.State, info.StateEpoch)
            : RecordState.Absent;

    private async Task AskAsync(ChunkOperation operation, Func<Task<bool>> ask)
    {
        trace.Add(new Began(operation));
        try
        {
            var isDone = await ask();
            trace.Add(isDone ? new Acknowledged(operation) : new Refused(operation));
        }
        catch (IOException error)
            when (error is BlobException { Error: BlobError.VolumeFull or BlobError.SweepRefused }
                || DiskErrors.IsNoSpace(error)
            )
        {
            trace.Add(new Refused(operation));
        }
    }

    public ValueTask DisposeAsync() => Store.DisposeAsync();
}
