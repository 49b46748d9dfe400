using FileSharing.Cluster.Map;
using FileSharing.Metadata;

namespace FileSharing.UnitTests.ClusterSimulation;

/// <summary>What befalls the cluster: power, disks, network, processes, administrators.</summary>
internal sealed class Chaos(SimWorld world, Clients clients)
{
    private const int HostsMax = 8;

    private readonly Random random = world.NewRandom();

    /// <summary>How much of it, so that some runs are quiet enough for long moves and some are not.</summary>
    private readonly int meanSeconds = 2 + world.Random.Next(20);

    /// <summary>From now until then.</summary>
    public void Begin(TimeSpan end)
    {
        var next = TimeSpan.FromSeconds(-Math.Log(1 - random.NextDouble()) * meanSeconds);
        world.Loop.After(
            next,
            () =>
            {
                if (world.Loop.Elapsed < end)
                {
                    Happen();
                    Begin(end);
                }
            }
        );
    }

    /// <summary>All is well again, and stays so.</summary>
    public void End()
    {
        world.Network.MendAll();
        world.Database.IsAway = false;
        foreach (var host in world.Hosts.All)
        {
            // A node with a poisoned volume is started again.
            if (host.Node is { Faults.HasFailed: true })
            {
                host.CutPower();
            }

            if (host.Node is not null)
            {
                host.Node.Faults.FailAt = 0;
            }

            host.Start();
        }

        foreach (var address in world.Addresses)
        {
            if (address > HostsMax)
            {
                world.StartApi(address);
            }
        }
    }

    private void Happen()
    {
        var host = world.AnyHost();
        var kind = random.Next(24);
        world.Log.Add(world.Loop.Now, "fault", kind, host.Number);
        switch (kind)
        {
            case < 5:
                CutPower(host);
                break;
            case 5:
                CutPowerEverywhere();
                break;
            case < 9:
                world.Counts.Stops++;
                host.Node?.Process.Stop(Duration(mostly: 10, seldom: 200));
                break;
            case < 13:
                CutLinks(host.Number);
                break;
            case 13:
                Degrade();
                break;
            case 14:
                FailDisk(host);
                break;
            case 15 when MayLose(host):
                world.Counts.DisksReplaced++;
                host.ReplaceDisk();
                StartLater(host);
                break;
            case 16 when MayLose(host):
                world.Counts.Rotten++;
                host.Rot();
                StartLater(host);
                break;
            case 17:
                StopApi();
                break;
            case 18:
                world.Database.IsAway = true;
                world.Loop.After(Duration(mostly: 10, seldom: 120), () => world.Database.IsAway = false);
                break;
            case 19:
                clients.Epoch++;
                break;
            default:
                ChangeLayout();
                break;
        }
    }

    private void CutPower(SimHost host)
    {
        world.Counts.PowerCuts++;
        host.CutPower();
        StartLater(host);
    }

    private void CutPowerEverywhere()
    {
        foreach (var host in world.Hosts.All)
        {
            CutPower(host);
        }
    }

    private void StartLater(SimHost host) => world.Loop.After(Duration(mostly: 10, seldom: 400), host.Start);

    private void CutLinks(int host)
    {
        world.Counts.Partitions++;
        var others = world.Addresses.Where(other => other != host && random.Next(2) == 0).ToList();
        var (isOut, isIn) = random.Next(3) switch
        {
            0 => (true, false),
            1 => (false, true),
            _ => (true, true),
        };
        foreach (var other in others)
        {
            if (isOut)
            {
                world.Network.Cut(host, other);
            }

            if (isIn)
            {
                world.Network.Cut(other, host);
            }
        }

        world.Loop.After(
            Duration(mostly: 20, seldom: 300),
            () =>
            {
                foreach (var other in others)
                {
                    world.Network.Mend(host, other);
                    world.Network.Mend(other, host);
                }
            }
        );
    }

    private void Degrade()
    {
        world.Network.LossRate = random.NextDouble() * 0.3;
        world.Network.DuplicateRate = random.NextDouble() * 0.3;
        world.Network.Slowness = random.Next(4) == 0 ? 100 : 1;
        world.Loop.After(Duration(mostly: 20, seldom: 60), world.Network.MendAll);
    }

    private void FailDisk(SimHost host)
    {
        if (host.Node is { } node)
        {
            world.Counts.DiskFaults++;
            node.Faults.FailNext(after: random.Next(30));
            world.Loop.After(
                Duration(mostly: 20, seldom: 60),
                () =>
                {
                    if (host.Node == node)
                    {
                        CutPower(host);
                    }
                }
            );
        }
    }

    private void StopApi()
    {
        var address = world.AnyApi();
        if (random.Next(2) == 0)
        {
            world.KillApi(address);
            world.Loop.After(Duration(mostly: 10, seldom: 120), () => world.StartApi(address));
        }
        else
        {
            world.ApiAt(address)?.Process.Stop(Duration(mostly: 10, seldom: 120));
        }
    }

    /// <summary>
    /// A disk may go only when nothing depends on it alone, neither a chunk nor the word of an owner about its partition: no cluster brings back what all its copies have lost,
    /// and none may forget by itself that there was something.
    /// </summary>
    private bool MayLose(SimHost host) =>
        clients.Acknowledged.All(chunk =>
            world.Hosts.All.Any(other => other != host && Clients.Holds(other, chunk) && !other.Node!.Faults.HasFailed)
        ) && Enumerable.Range(0, PartitionTable.Partitions).All(partition => HasOtherOwner(host, partition));

    private bool HasOtherOwner(SimHost host, int partition) =>
        world
            .Database.Map.ReplicasOf(partition)
            .Owners.Any(owner => world.Hosts.All.Any(other => other != host && other.VolumeId == owner.VolumeId));

    private void ChangeLayout()
    {
        var members = world.Database.Target.Members.ToList();
        var fresh = world
            .Hosts.All.Where(host => host.Node is not null && members.TrueForAll(m => m.VolumeId != host.VolumeId))
            .ToList();
        var place = random.Next(members.Count);
        switch (random.Next(4))
        {
            case 0 when fresh.Count > 0:
                members.Add(new LayoutMember(fresh[random.Next(fresh.Count)].VolumeId, 1 << random.Next(3)));
                break;
            case 0 when world.Hosts.All.Count < HostsMax:
                // It is known, and may be added, when it has been heard of.
                world.AddHost($"zone {random.Next(3)}").Start();
                return;
            case 1:
                members.RemoveAt(place);
                break;
            case 2:
                members[place] = members[place] with { Weight = 0 };
                break;
            default:
                members[place] = members[place] with { Weight = 1 << random.Next(3) };
                break;
        }

        if (world.TryApply(members))
        {
            world.Counts.Layouts++;
        }
    }

    /// <summary>Exponential about the first; one in ten is about the second.</summary>
    private TimeSpan Duration(int mostly, int seldom) =>
        TimeSpan.FromSeconds(-Math.Log(1 - random.NextDouble()) * (random.Next(10) == 0 ? seldom : mostly));
}
