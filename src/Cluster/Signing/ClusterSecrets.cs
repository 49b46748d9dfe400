using System.Security.Cryptography;
using System.Text.Json.Serialization;
using FileSharing.Chunks.Keys;

namespace FileSharing.Cluster.Signing;

/// <summary>A key for URLs, with the id that a URL names it by.</summary>
/// <param name="Id">1 and up; never reused.</param>
/// <param name="Key">32 random bytes.</param>
public sealed record SigningKey(uint Id, byte[] Key);

/// <summary>
/// What every process of a cluster shares and nobody else may know. It travels from the API to a node that has joined, is kept in
/// files of mode 0600, and is never logged. Each key has one use.
/// </summary>
public sealed record ClusterSecrets
{
    public const int KeyBytes = 32;

    public required Guid ClusterId { get; init; }

    /// <summary>One or two, the newest last: it signs, all verify.</summary>
    public required IReadOnlyList<SigningKey> UrlKeys { get; init; }

    public required byte[] ReceiptKey { get; init; }

    /// <summary>For calls between nodes, and between nodes and the API.</summary>
    public required byte[] InternalKey { get; init; }

    /// <summary>For the cluster map.</summary>
    public required byte[] MapKey { get; init; }

    /// <summary>Keys of records, still wrapped by the root key; empty when the cluster does not encrypt.</summary>
    public required IReadOnlyList<WrappedKey> DataKeys { get; init; }

    /// <summary>Id of the data key that seals new records; null in what an earlier release wrote, which had one key.</summary>
    public uint? ActiveDataKey { get; init; }

    /// <summary>A key that nodes store and none seals with yet.</summary>
    [JsonIgnore]
    public bool HasPendingDataKey => ActiveDataKey is { } active && DataKeys.Any(key => key.Id > active);

    /// <summary>Name of the <see cref="Chunks.ChunkingPolicy"/> that cuts new files.</summary>
    public required string ChunkingPolicy { get; init; }

    /// <summary>
    /// These secrets after an answer of the API. An API process that has not heard of the last rotation, or whose database was restored, takes no data key away.
    /// </summary>
    public ClusterSecrets Heard(ClusterSecrets answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        var known = DataKeys.Select(key => key.Id).ToHashSet();
        return answer with
        {
            DataKeys =
            [
                .. DataKeys.Concat(answer.DataKeys.Where(key => !known.Contains(key.Id))).OrderBy(key => key.Id),
            ],
            ActiveDataKey = (ActiveDataKey, answer.ActiveDataKey) switch
            {
                ({ } ours, { } theirs) => Math.Max(ours, theirs),
                var (ours, theirs) => ours ?? theirs,
            },
        };
    }

    /// <summary>A new key for any of the uses.</summary>
    public static byte[] NewKey() => RandomNumberGenerator.GetBytes(KeyBytes);

    /// <summary>No key material in a log, whoever logs the record.</summary>
    public override string ToString() => $"secrets of cluster {ClusterId}";
}
