using FileSharing.Cluster.Hosting;
using FileSharing.StorageNode.Reclaim;
using FileSharing.StorageNode.Repair;
using FileSharing.StorageNode.Scrub;
using Microsoft.Extensions.Configuration;

namespace FileSharing.StorageNode;

/// <summary>Settings of one storage node: section <c>Node</c>.</summary>
public sealed record NodeSettings
{
    private const string Section = "Node";

    /// <summary>Encoded and plain bytes of uploads under way: what a client's bodies may take of memory.</summary>
    public const long IngressBytesDefault = 96L << 20;

    /// <summary>Records from other nodes under way. A pool of its own: a peer's write never waits for a client's.</summary>
    public const long PeerBytesDefault = 64L << 20;

    /// <summary>What a segment grows to; also the most it may be set to.</summary>
    public const long SegmentBytesDefault = 1L << 30;

    /// <summary>Smaller ones would be mostly directory and footer.</summary>
    public const long SegmentBytesMin = 1L << 20;

    /// <summary>For people: in logs, the map and status. Unique in the cluster.</summary>
    public required string Name { get; init; }

    public required ListenSettings Listen { get; init; }

    /// <summary>Rack or room.</summary>
    public string Zone { get; init; } = "default";

    /// <summary>Identity, cached secrets and map; holds <c>volume-1</c> unless <see cref="Volumes"/> says otherwise.</summary>
    public required string Data { get; init; }

    /// <summary>One data directory a disk.</summary>
    public required IReadOnlyList<string> Volumes { get; init; }

    public required Uri ApiUrl { get; init; }

    /// <summary>One-time; needed at the first start only.</summary>
    public string? JoinToken { get; init; }

    /// <summary>Null in a cluster that does not encrypt.</summary>
    public RootKeySource? RootKey { get; init; }

    /// <summary>Below this much free space a volume takes no new records.</summary>
    public long FreeBytesMin { get; init; } = 2L << 30;

    /// <summary>A segment is sealed by the batch that reaches this size: what is compacted at a time, and the unit of <see cref="FreeBytesMin"/>.</summary>
    public long SegmentBytesMax { get; init; } = SegmentBytesDefault;

    public long IngressBytesMax { get; init; } = IngressBytesDefault;

    public long PeerBytesMax { get; init; } = PeerBytesDefault;

    internal CompactionSettings Compaction { get; init; } = CompactionSettings.Default;

    internal ScrubSettings Scrub { get; init; } = ScrubSettings.Default;

    internal PartitionSyncSettings PartitionSync { get; init; } = PartitionSyncSettings.Default;

    /// <exception cref="SettingException">Names the setting that makes no sense.</exception>
    public static NodeSettings From(IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        var section = configuration.GetSection(Section);
        var data = Path.GetFullPath(section.Required("Data"));
        var volumes = section.GetSection("Volumes").GetChildren().Select(child => child.Value ?? "").ToList();
        if (
            volumes.Exists(string.IsNullOrWhiteSpace)
            || volumes.Distinct(StringComparer.Ordinal).Count() != volumes.Count
        )
        {
            throw new SettingException($"{Section}:Volumes", "names an empty directory, or the same one twice.");
        }

        return new NodeSettings
        {
            Name = section.Required("Name"),
            Listen = ListenSettings.From(section, "http://127.0.0.1:8091"),
            Zone = section["Zone"] is { Length: > 0 } zone ? zone : "default",
            Data = data,
            Volumes = volumes.Count > 0 ? [.. volumes.Select(Path.GetFullPath)] : [Path.Combine(data, "volume-1")],
            ApiUrl = section.Address("ApiUrl") ?? throw new SettingException($"{Section}:ApiUrl", "is missing."),
            JoinToken = section["JoinToken"],
            RootKey = RootKeySource.From(section),
            FreeBytesMin = section.Number("FreeBytesMin", 2L << 30, 0, 1L << 50),
            SegmentBytesMax = section.Number(
                "SegmentBytesMax",
                SegmentBytesDefault,
                SegmentBytesMin,
                SegmentBytesDefault
            ),
            IngressBytesMax = section.Number("IngressBytesMax", IngressBytesDefault, 32L << 20, 1L << 40),
            PeerBytesMax = section.Number("PeerBytesMax", PeerBytesDefault, 32L << 20, 1L << 40),
            Compaction = CompactionSettings.From(section),
            Scrub = ScrubSettings.From(section),
            PartitionSync = PartitionSyncSettings.From(section),
        };
    }
}
