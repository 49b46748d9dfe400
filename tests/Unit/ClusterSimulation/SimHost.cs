using FileSharing.Cluster.Map;
using FileSharing.UnitTests.Simulation;

namespace FileSharing.UnitTests.ClusterSimulation;

/// <summary>A machine with a disk, on which a storage node runs now and then.</summary>
internal sealed class SimHost(SimWorld world, int number, string zone)
{
    private int disks;
    private DiskImage image = DiskImage.Empty;

    public int Number => number;

    public string Zone => zone;

    public Guid NodeId { get; } = new(0xA0, 0, 0, [0, 0, 0, 0, 0, 0, 0, (byte)number]);

    /// <summary>Of the volume on the disk that is in it now.</summary>
    public Guid VolumeId => new(number, (short)disks, 0, [0, 0, 0, 0, 0, 0, 0, 1]);

    /// <summary>The map as the node wrote it down.</summary>
    public ClusterMap? SavedMap { get; set; }

    /// <summary>Null while it does not run.</summary>
    public SimNode? Node { get; private set; }

    /// <summary>When it was last without power.</summary>
    public long DiedAt { get; private set; } = -1;

    public double ClockRate { get; } = 1 + ((world.Random.NextDouble() - 0.5) / 500);

    public TimeSpan ClockOffset { get; } = TimeSpan.FromMinutes(world.Random.Next(-60, 61));

    public void Start()
    {
        if (Node is null)
        {
            Node = new SimNode(world, this);
            Node.Start(image);
            world.Network.Listen(number, Node);
        }
    }

    /// <summary>The power goes, and leaves on the disk what was durable and any part of what was not.</summary>
    public void CutPower()
    {
        if (Node is null)
        {
            return;
        }

        Node.Process.Kill();
        world.Network.Close(number);
        DiedAt = world.Loop.Now;
        var walk = new CrashWalk(image, new Oracle());
        foreach (var happened in Node.Trace.Events)
        {
            walk.Step(happened);
        }

        image = walk.Crash(Survival.Random(world.Random.Next(), isBySector: world.Random.Next(2) == 0));
        Node = null;
    }

    /// <summary>Another disk takes the place of the one that was in it: empty, a volume that nobody knows.</summary>
    public void ReplaceDisk()
    {
        CutPower();
        image = DiskImage.Empty;
        disks++;
    }

    /// <summary>Some bytes of one of its segments are not any more what was written.</summary>
    public void Rot()
    {
        CutPower();
        var segments = image.Segments;
        if (segments.Count == 0)
        {
            return;
        }

        var path = segments[world.Random.Next(segments.Count)];
        var file = image.Names[path]!.Copy();
        if (file.WrittenBytes > 0)
        {
            var offset = world.Random.NextInt64(file.WrittenBytes);
            var bytes = new byte[Math.Min(world.Random.Next(1, 64), file.WrittenBytes - offset)];
            file.Read(bytes, offset);
            bytes[world.Random.Next(bytes.Length)] ^= (byte)world.Random.Next(1, 256);
            file.Write(bytes, offset);
            image = image.With(path, file);
        }
    }
}

/// <summary>All machines of a simulation, the one of number 1 first.</summary>
internal sealed class SimHosts
{
    private readonly List<SimHost> all = [];
    private readonly Dictionary<Guid, int> numbers = [];

    public IReadOnlyList<SimHost> All => all;

    public int NumberOf(Guid nodeId) => numbers[nodeId];

    public void Add(SimHost host)
    {
        all.Add(host);
        numbers.Add(host.NodeId, host.Number);
    }
}
