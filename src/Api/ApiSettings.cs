using FileSharing.Chunks;
using FileSharing.Cluster.Hosting;
using FileSharing.Cluster.Map;
using Microsoft.Extensions.Configuration;

namespace FileSharing.Api;

/// <summary>The settings of an API process, checked. docs/rest.md lists them.</summary>
public sealed record ApiSettings
{
    public required ListenSettings Listen { get; init; }

    /// <summary>Npgsql connection string.</summary>
    public required string Postgres { get; init; }

    /// <summary>Of the key that seals all others.</summary>
    public required RootKeySource RootKey { get; init; }

    /// <summary>Where the first administrator's password is written, mode 0600.</summary>
    public required string AdminPasswordFile { get; init; }

    /// <summary>Nodes that must have registered before the first cluster map is made.</summary>
    public int InitialNodes { get; init; } = 3;

    /// <summary>Name of the policy that cuts new files; fixed at the first start.</summary>
    public string ChunkingPolicyName { get; init; } = "dedup";

    /// <summary>When a chunk need not be sent: "own" is the only policy of this release.</summary>
    public string DedupPolicy { get; init; } = "own";

    /// <summary>Encrypt records at rest with data keys sealed by the root key; fixed at the first start.</summary>
    public bool EncryptData { get; init; } = true;

    /// <summary>Silence after which a volume is marked down, and puts go to another in its place.</summary>
    public TimeSpan DownAfter { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Silence after which a volume's partitions are made anew elsewhere. Half of it cuts a node off.</summary>
    public TimeSpan ReplaceAfter { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>Replicas on the move at a time, to volumes that are up.</summary>
    public int MovesMax { get; init; } = 2_048;

    public TimeSpan UploadLifetime { get; init; } = TimeSpan.FromDays(7);
    public TimeSpan LoginLifetime { get; init; } = TimeSpan.FromDays(30);
    public TimeSpan JoinTokenLifetime { get; init; } = TimeSpan.FromHours(24);

    /// <summary>Reads the section "Api".</summary>
    /// <exception cref="SettingException">A value is missing or makes no sense; the message names it.</exception>
    public static ApiSettings From(IConfiguration configuration)
    {
        var api = configuration.GetSection("Api");
        var cluster = api.GetSection("Cluster");
        var uploads = api.GetSection("Uploads");
        var downAfter = TimeSpan.FromSeconds(cluster.Number("DownAfterSeconds", 10, 5, 3600));
        var replaceAfter = TimeSpan.FromMinutes(cluster.Number("ReplaceAfterMinutes", 15, 1, 7 * 24 * 60));
        return new ApiSettings
        {
            DownAfter = downAfter,
            ReplaceAfter =
                replaceAfter > 3 * downAfter
                    ? replaceAfter
                    : throw new SettingException(
                        $"{cluster.Path}:ReplaceAfterMinutes",
                        $"must be more than three times DownAfterSeconds: a node that is away stops taking records after half of it, and must be down by then."
                    ),
            MovesMax = (int)cluster.Number("MovesMax", 2_048, 1, PartitionTable.Partitions),
            Listen = ListenSettings.From(api, "http://127.0.0.1:8080"),
            Postgres = api.Required("Postgres"),
            RootKey =
                RootKeySource.From(api)
                ?? throw new SettingException(
                    "Api:RootKeyFile",
                    "is missing, and RootKeyCommand too: give one of them."
                ),
            AdminPasswordFile = api.Required("AdminPasswordFile"),
            InitialNodes = (int)cluster.Number("InitialNodes", 3, 3, 1000),
            ChunkingPolicyName = PolicyName(cluster),
            DedupPolicy = cluster["DedupPolicy"] is null or "" or "own"
                ? "own"
                : throw new SettingException($"{cluster.Path}:DedupPolicy", "is not 'own', the only policy there is."),
            EncryptData = cluster.Flag("EncryptData", fallback: true),
            UploadLifetime = TimeSpan.FromHours(uploads.Number("LifetimeHours", 7 * 24, 1, 90 * 24)),
            LoginLifetime = TimeSpan.FromHours(api.Number("LoginLifetimeHours", 30 * 24, 1, 366 * 24)),
            JoinTokenLifetime = TimeSpan.FromMinutes(
                cluster.Number("JoinTokenLifetimeMinutes", 24 * 60, 1, 30 * 24 * 60)
            ),
        };
    }

    private static string PolicyName(IConfigurationSection cluster)
    {
        var name = cluster["ChunkingPolicy"] is { Length: > 0 } given ? given : ChunkingPolicy.Dedup.Name;
        try
        {
            return ChunkingPolicy.Named(name).Name;
        }
        catch (ArgumentException e)
        {
            throw new SettingException($"{cluster.Path}:ChunkingPolicy", e.Message);
        }
    }
}
