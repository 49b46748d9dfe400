namespace FileSharing.ClusterTests.Network;

/// <summary>What may happen to one node.</summary>
internal enum Fault
{
    /// <summary>SIGKILL, and started again later.</summary>
    Killed,

    /// <summary>SIGSTOP: its connections stay open, and nothing answers on them.</summary>
    Frozen,

    /// <summary>Nothing reaches it, and nothing that it sends reaches anybody.</summary>
    CutOffWhole,

    /// <summary>It hears nobody; what it sends arrives.</summary>
    Deaf,

    /// <summary>What it sends is lost; it hears everybody.</summary>
    Mute,

    /// <summary>It and the API lose what they send each other; clients and nodes reach it.</summary>
    CutOffFromApi,

    /// <summary>It and the other nodes lose what they send each other; clients and the API reach it.</summary>
    CutOffFromNodes,

    /// <summary>Clients and it lose what they send each other; nodes and the API reach it.</summary>
    CutOffFromClients,

    /// <summary><c>rm -rf</c> of its volume while it runs, then SIGKILL; it comes back with an empty disk and the old identity.</summary>
    DiskLost,

    /// <summary>The machine is gone with all that it had; another with a new identity takes its place.</summary>
    MachineLost,

    /// <summary>Somebody else fills its disk to the last block.</summary>
    DiskFull,
}

/// <summary>Does to a node what a <see cref="Fault"/> says, and makes it good again.</summary>
internal sealed class Faults(NetworkCluster cluster)
{
    private int numbers = NetworkCluster.Nodes;

    private VirtualNetwork Network => cluster.Network;

    public async Task BeginAsync(Fault fault, StorageNode node)
    {
        switch (fault)
        {
            case Fault.Killed:
                await node.Machine.KillAsync();
                break;
            case Fault.Frozen:
                node.Machine.Freeze();
                break;
            case Fault.CutOffWhole:
                await CutAsync(node, Everybody(node), isHeard: false, hears: false);
                break;
            case Fault.Deaf:
                await CutAsync(node, Everybody(node), isHeard: true, hears: false);
                break;
            case Fault.Mute:
                await CutAsync(node, Everybody(node), isHeard: false, hears: true);
                break;
            case Fault.CutOffFromApi:
                await CutAsync(node, [cluster.ApiHost], isHeard: false, hears: false);
                break;
            case Fault.CutOffFromNodes:
                await CutAsync(node, Others(node), isHeard: false, hears: false);
                break;
            case Fault.CutOffFromClients:
                await CutAsync(node, [Network.Here], isHeard: false, hears: false);
                break;
            case Fault.DiskLost:
                await node.RemoveVolumeAsync();
                await Task.Delay(TimeSpan.FromSeconds(1));
                await node.Machine.KillAsync();
                break;
            case Fault.MachineLost:
                await node.Machine.KillAsync();
                await node.RemoveVolumeAsync();
                break;
            case Fault.DiskFull:
                cluster.SmallDisk.FillBut(0);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(fault));
        }
    }

    /// <summary>Returns when the node serves again; what it missed may still be on its way.</summary>
    public async Task EndAsync(Fault fault, StorageNode node)
    {
        switch (fault)
        {
            case Fault.Killed:
                node.Machine.Start();
                break;
            case Fault.Frozen:
                node.Machine.Thaw();
                break;
            case Fault.DiskLost:
                await ReplaceDiskAsync(node);
                return;
            case Fault.MachineLost:
                await ReplaceMachineAsync(node);
                return;
            case Fault.DiskFull:
                cluster.SmallDisk.Release();
                return;
            default:
                await Network.MendAsync();
                break;
        }

        await cluster.ReadyAsync(node);
    }

    /// <summary>As docs/operations.md says for a disk that is lost.</summary>
    private async Task ReplaceDiskAsync(StorageNode node)
    {
        var lost = await VolumeIdAsync(node);
        await node.RemoveVolumeAsync();
        node.ForgetMap();
        node.Machine.Start();
        await cluster.ReadyAsync(node);
        await cluster.ChangeLayoutAsync(("add", node.VolumeName), ("remove", lost));
    }

    private async Task ReplaceMachineAsync(StorageNode node)
    {
        var lost = await VolumeIdAsync(node);
        var fresh = await cluster.AddNodeAsync(++numbers);
        await cluster.ChangeLayoutAsync(("add", fresh.VolumeName), ("remove", lost));
        await cluster.ForgetAsync(node);
    }

    private async Task<string> VolumeIdAsync(StorageNode node) =>
        (await cluster.Client.GetLayoutAsync())
            .Members.Single(member => member.Volume == node.VolumeName && member.Weight > 0)
            .VolumeId.ToString();

    private async Task CutAsync(StorageNode node, IEnumerable<Host> others, bool isHeard, bool hears)
    {
        foreach (var other in others)
        {
            if (!isHeard)
            {
                await Network.CutAsync(node.Machine.Host, other);
            }

            if (!hears)
            {
                await Network.CutAsync(other, node.Machine.Host);
            }
        }
    }

    private IEnumerable<Host> Others(StorageNode node) =>
        cluster.Members.Where(other => other != node).Select(other => other.Machine.Host);

    private IEnumerable<Host> Everybody(StorageNode node) => [.. Others(node), cluster.ApiHost, Network.Here];
}
