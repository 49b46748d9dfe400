using System.Security.Cryptography;
using FileSharing.BlobEngine;
using FileSharing.Cluster;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Transport;
using FileSharing.StorageNode.Membership;
using FileSharing.StorageNode.Repair;
using FileSharing.StorageNode.Volumes;
using FileSharing.UnitTests.Simulation;
using Microsoft.Extensions.Logging.Abstractions;

namespace FileSharing.UnitTests.ClusterSimulation;

/// <summary>
/// One life of a storage node, from its start to its death: the product's volume, writer, reader, repair and hand-over, put together as its server does, on a simulated disk and network.
/// </summary>
internal sealed class SimNode : ISimServer
{
    /// <summary>As the supervisor of the volumes waits before it starts a daemon again that broke.</summary>
    private static readonly TimeSpan DaemonPause = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan EagerPollInterval = TimeSpan.FromMilliseconds(250);

    private readonly SimWorld world;
    private readonly SimHost host;
    private readonly PeerHealth health;
    private Task refreshing = Task.CompletedTask;

    public SimNode(SimWorld world, SimHost host)
    {
        this.world = world;
        this.host = host;
        Process = new SimProcess(world.Loop, host.ClockRate, host.ClockOffset);
        Faults = new DiskFaults();
        Trace = new Trace();
        Volumes = new VolumeSet(Map, SimKeys.OfProcess());
        News = new ClusterNews(Map, Process.Time);
        Volumes.IsCutOff = () => News.IsCutOff;
        if (host.SavedMap is { } saved)
        {
            Map.Offer(saved);
        }

        health = new PeerHealth(Process.Time, world.NewRandom(), NullLogger<PeerHealth>.Instance);
        Transport = new SimTransport(world.Network, world.Hosts, this, host.Number);
        Reader = new ReplicaReader(
            Map,
            Transport,
            health,
            host.NodeId,
            RecordCodec.IsIntact,
            Process.Time,
            NullLogger<ReplicaReader>.Instance
        )
        {
            RefreshMap = TryRefreshAsync,
        };
        Writer = new ReplicaWriter(Map, Transport, new SettleQueue(Transport, Process.Time), TryRefreshAsync);
        Healer = new Healer(Volumes, Reader, NullLogger<Healer>.Instance);
        Volumes.DamageFound = Healer.Enqueue;
    }

    public SimProcess Process { get; }

    public DiskFaults Faults { get; }

    public Trace Trace { get; }

    public MapHolder Map { get; } = new();

    public ClusterNews News { get; }

    public VolumeSet Volumes { get; }

    public SimTransport Transport { get; }

    public ReplicaReader Reader { get; }

    public ReplicaWriter Writer { get; }

    public Healer Healer { get; }

    /// <summary>Its volume; null before it is open.</summary>
    public BlobStore? Store { get; private set; }

    public long MapVersion => Map.Current?.Version ?? 0;

    public void Saw(long mapVersion) => Map.Saw(mapVersion);

    /// <summary>Opens the volume on what is on the disk, and begins to work.</summary>
    public void Start(DiskImage image)
    {
        var machine = new SimMachine(image, Trace, Faults);
        var options = SimVolume.Options with
        {
            ClusterId = SimWorld.ClusterId,
            IndexEngine = machine.Index,
            WritesOnCaller = true,
            NewVolumeId = host.VolumeId,
        };
#pragma warning disable VSTHRD002 // Opening uses another thread; the one of the simulation waits for it, so that nothing else happens meanwhile.
        Store = BlobStore
            .OpenAsync(options, SimKeys.OfProcess(), machine.Disk, Process.Time, CancellationToken.None)
            .GetAwaiter()
            .GetResult();
#pragma warning restore VSTHRD002
        var volume = new OpenVolume(Store, number: 1, capacityBytes: 1L << 40);
        world.Loop.Begin(() => RunAsync(volume));
    }

    private async Task RunAsync(OpenVolume volume)
    {
        await Volumes.AddAsync(volume, CancellationToken.None);
        world.Loop.Begin(LinkAsync);
        world.Loop.Begin(() => Healer.RunAsync(CancellationToken.None));
        foreach (var daemon in Daemons(new SeededNumbers(world.NewRandom())))
        {
            world.Loop.Begin(() => KeepRunningAsync(daemon, volume));
        }
    }

    private IVolumeDaemon[] Daemons(RandomNumberGenerator random)
    {
        var calls = new GuardedVolumeCalls(Transport, health);
        var budgets = new RepairBudgets(() => News.Repair, Process.Time);
        return
        [
            new OwedDelivery(Map, Transport, Process.Time, NullLogger<OwedDelivery>.Instance),
            new DamageRepair(Healer, Process.Time),
            new PartitionSync(
                Map,
                News,
                new PartitionComparison(
                    Map,
                    Volumes,
                    Transport,
                    calls,
                    budgets,
                    random,
                    Process.Time,
                    NullLogger<PartitionComparison>.Instance
                ),
                new Challenger(calls, random, NullLogger<Challenger>.Instance),
                (reports, _) => CallApiAsync("report", api => api.TakeAsync(reports)),
                SimWorld.Sync,
                Process.Time,
                NullLogger<PartitionSync>.Instance
            ),
            new StrayDelivery(
                Map,
                News,
                Transport,
                calls,
                budgets,
                SimWorld.Sync,
                Process.Time,
                NullLogger<StrayDelivery>.Instance
            ),
        ];
    }

    private async Task KeepRunningAsync(IVolumeDaemon daemon, OpenVolume volume)
    {
        while (true)
        {
            try
            {
                await daemon.RunAsync(volume, CancellationToken.None);
            }
            catch (Exception error) when (error is IOException or HttpRequestException)
            {
                await Task.Delay(DaemonPause, Process.Time);
            }
        }
    }

    private async Task LinkAsync()
    {
        while (true)
        {
            await TryRefreshAsync(CancellationToken.None);
            await Task.Delay(Map.Current is null || Map.IsBehind ? EagerPollInterval : PollInterval, Process.Time);
        }
    }

    /// <summary>One question at a time.</summary>
    private Task TryRefreshAsync(CancellationToken cancellationToken) => refreshing = RefreshAfterAsync(refreshing);

    private async Task RefreshAfterAsync(Task before)
    {
        await before;
        try
        {
            var askedAt = Process.Time.GetTimestamp();
            var open = Volumes.Open.Select(volume => volume.VolumeId).ToList();
            var version = MapVersion;
            var (map, floor) = await CallApiAsync("news", api => api.HearAsync(host.NodeId, version, open));
            if (map.Version > MapVersion)
            {
                // Written down before it is used, as the product does.
                host.SavedMap = map;
                Map.Offer(map);
            }

            News.Heard(askedAt, floor, RepairPace.Default);
        }
        catch (HttpRequestException)
        {
            // Goes on with what it has.
        }
    }

    private Task<T> CallApiAsync<T>(string what, Func<SimApi, Task<T>> serve) =>
        world.Network.CallAsync(this, Process, host.Number, world.AnyApi(), what, serve);
}
