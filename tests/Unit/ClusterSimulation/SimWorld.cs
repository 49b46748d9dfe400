using FileSharing.Api;
using FileSharing.Api.Placement;
using FileSharing.Cluster.Map;
using FileSharing.Metadata;
using FileSharing.StorageNode.Repair;

namespace FileSharing.UnitTests.ClusterSimulation;

/// <summary>A whole cluster in one thread: machines with disks, the network, API processes, a database. Everything follows from the seed.</summary>
internal sealed class SimWorld
{
    public static readonly Guid ClusterId = new(0xC1, 0, 0, [0, 0, 0, 0, 0, 0, 0, 1]);

    public static readonly TimeSpan DownAfter = TimeSpan.FromSeconds(10);

    public static readonly PartitionSyncSettings Sync = new(
        Look: TimeSpan.FromSeconds(1),
        Interval: TimeSpan.FromMinutes(5),
        StrayInterval: TimeSpan.FromSeconds(30)
    );

    /// <summary>Hosts of the API processes; storage nodes are numbered from 1.</summary>
    private static readonly int[] ApiHosts = [101, 102];

    private readonly Dictionary<int, SimApi> apis = [];

    public SimWorld(int seed)
    {
        Random = new Random(seed);
        Network = new SimNetwork(Loop, NewRandom(), Log);
        // The shortest is not much more than what it takes to be called down: so that nodes are replaced within minutes.
        ReplaceAfter = TimeSpan.FromSeconds(Random.Next(60, 240));
        var nodes = Random.Next(3, 7);
        var isZoned = Random.Next(2) == 0;
        for (var number = 1; number <= nodes; number++)
        {
            AddHost(isZoned ? $"zone {number % 3}" : "one");
        }

        Database = new SimDatabase(FirstMap());
        foreach (var host in Hosts.All)
        {
            Database.Register(host);
        }
    }

    public SimLoop Loop { get; } = new();

    public EventLog Log { get; } = new();

    /// <summary>For what happens to the cluster. Whoever works in it has one of its own.</summary>
    public Random Random { get; }

    public SimNetwork Network { get; }

    public SimHosts Hosts { get; } = new();

    public SimDatabase Database { get; }

    public TimeSpan ReplaceAfter { get; }

    public Counts Counts { get; } = new();

    public Random NewRandom() => new(Random.Next());

    public int AnyApi() => ApiHosts[Random.Next(ApiHosts.Length)];

    public SimHost AnyHost() => Hosts.All[Random.Next(Hosts.All.Count)];

    public IReadOnlyList<int> Addresses => [.. Hosts.All.Select(host => host.Number), .. ApiHosts];

    public void Start()
    {
        foreach (var host in Hosts.All)
        {
            host.Start();
        }

        foreach (var address in ApiHosts)
        {
            StartApi(address);
        }
    }

    public SimHost AddHost(string zone)
    {
        var host = new SimHost(this, Hosts.All.Count + 1, zone);
        Hosts.Add(host);
        return host;
    }

    public void StartApi(int address)
    {
        if (!apis.ContainsKey(address))
        {
            apis.Add(address, new SimApi(this, Database));
            Network.Listen(address, apis[address]);
        }
    }

    /// <returns>Null where none runs.</returns>
    public SimApi? ApiAt(int address) => apis.GetValueOrDefault(address);

    public void KillApi(int address)
    {
        if (apis.Remove(address, out var api))
        {
            api.Process.Kill();
            Network.Close(address);
        }
    }

    public void RegisterOpen(Guid nodeId) => Database.Register(Hosts.All.First(host => host.NodeId == nodeId));

    /// <summary>As an administrator who plans and applies.</summary>
    /// <returns>False when it is refused, because three copies could not be kept.</returns>
    public bool TryApply(IReadOnlyList<LayoutMember> members)
    {
        if (members.Any(member => !Database.Directory.Knows(member.VolumeId)))
        {
            return false;
        }

        try
        {
            var plan = LayoutPlan.Make(Database.Map, members, Database.LayoutId, Database.Directory);
            return Database.Apply(plan, Database.LayoutId);
        }
        catch (ApiException refusal) when (refusal.Error == ApiError.LayoutRefused)
        {
            return false;
        }
    }

    private ClusterMap FirstMap()
    {
        var nodes = Hosts
            .All.Select(host => new MapNode(
                host.NodeId,
                $"{host.Number}",
                new Uri($"http://10.0.0.{host.Number}"),
                host.Zone
            ))
            .ToList();
        var volumes = Hosts.All.Select(host => new MapVolume(host.VolumeId, host.NodeId, 1)).ToList();
        return ClusterMap.Build(1, ClusterId, nodes, volumes).With(ReplaceAfter);
    }
}

/// <summary>What a run has seen, so that nobody takes a quiet one for a proof.</summary>
internal sealed class Counts
{
    public long Operations { get; set; }
    public long Acknowledged { get; set; }
    public long Refused { get; set; }
    public long Read { get; set; }
    public long Unavailable { get; set; }
    public long Adopted { get; set; }
    public long PowerCuts { get; set; }
    public long DiskFaults { get; set; }
    public long DisksReplaced { get; set; }
    public long Rotten { get; set; }
    public long Partitions { get; set; }
    public long Stops { get; set; }
    public long Layouts { get; set; }
    public long Replacements { get; set; }
    public long Maps { get; set; }

    public void Add(Counts other)
    {
        foreach (var property in typeof(Counts).GetProperties())
        {
            property.SetValue(this, (long)property.GetValue(this)! + (long)property.GetValue(other)!);
        }
    }

    public override string ToString() =>
        $"{Operations:N0} operations ({Acknowledged:N0} puts acknowledged, {Adopted:N0} adopted, {Refused:N0} refused, {Read:N0} read, {Unavailable:N0} unavailable), "
        + $"{PowerCuts:N0} power cuts, {DiskFaults:N0} disks that fail, {DisksReplaced:N0} replaced, {Rotten:N0} with flipped bits, {Partitions:N0} partitions of the network, "
        + $"{Stops:N0} processes stopped, {Layouts:N0} layouts applied, {Replacements:N0} by themselves, {Maps:N0} maps";
}
