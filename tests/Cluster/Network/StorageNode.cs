using System.Globalization;

namespace FileSharing.ClusterTests.Network;

/// <summary>A storage node of a <see cref="NetworkCluster"/>: its machine, and what is on its disk.</summary>
internal sealed class StorageNode
{
    private readonly string data;

    public StorageNode(int number, Host host, string data, string? disk, string rootKeyFile, Uri api)
    {
        this.data = Directory.CreateDirectory(data).FullName;
        Name = number.ToString(CultureInfo.InvariantCulture);
        Volume = Path.Combine(disk ?? data, "volume-1");
        List<string> arguments =
        [
            $"--Node:Name={Name}",
            $"--Node:Listen=http://{host.Address}:8091",
            "--Node:AllowPlainHttp=true",
            $"--Node:Data={data}",
            $"--Node:Volumes:0={Volume}",
            $"--Node:ApiUrl={api}",
            $"--Node:RootKeyFile={rootKeyFile}",
        ];
        if (disk is not null)
        {
            arguments.AddRange([$"--Node:FreeBytesMin={64 << 20}", $"--Node:SegmentBytesMax={16 << 20}"]);
        }

        Machine = new Machine(host, "storage-node", arguments, data + ".log");
        HealthUrl = new Uri($"http://{host.Address}:8091/health/ready");
    }

    public string Name { get; }

    /// <summary>As the layout calls its volume.</summary>
    public string VolumeName => $"{Name}/1";

    /// <summary>Directory of its only volume.</summary>
    public string Volume { get; }

    public Machine Machine { get; }

    public Uri HealthUrl { get; }

    /// <summary><c>rm -rf</c> of the volume; the node may be running, and may be adding files meanwhile.</summary>
    public async Task RemoveVolumeAsync() => (await Shell.RunAsync("rm", ["-rf", Volume])).Succeeded();

    /// <summary>With the map that names the lost volume the node would take the empty directory for a mount that failed.</summary>
    public void ForgetMap() => File.Delete(Path.Combine(data, "cluster-map"));
}
