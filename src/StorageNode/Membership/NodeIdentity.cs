using System.Text.Json;
using System.Text.Json.Serialization;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Signing;

namespace FileSharing.StorageNode.Membership;

/// <summary>Who this node is and what the cluster has entrusted to it, as kept in <c>node.json</c> (mode 0600).</summary>
internal sealed record NodeIdentity(Guid NodeId, string Name, ClusterSecrets Secrets);

/// <summary>
/// The files of a node's data directory beside its volumes. A node starts from them when the API is away: downloads go on (I4).
/// Each is replaced by write, sync and rename, so that a crash leaves the old one or the new one.
/// </summary>
internal sealed class NodeFiles(string directory)
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly string identityFile = Path.Combine(directory, "node.json");
    private readonly string mapFile = Path.Combine(directory, "cluster-map");

    /// <returns>Null before the node has joined.</returns>
    /// <exception cref="InvalidDataException">The file is there but is not an identity.</exception>
    public NodeIdentity? ReadIdentity()
    {
        if (!File.Exists(identityFile))
        {
            return null;
        }

        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(identityFile), NodeFilesJson.Default.NodeIdentity);
        }
        catch (JsonException error)
        {
            throw new InvalidDataException(
                $"{identityFile} is damaged: {error.Message} Restore it from a backup, or let the node join anew.",
                error
            );
        }
    }

    public void Write(NodeIdentity identity) =>
        Replace(identityFile, JsonSerializer.SerializeToUtf8Bytes(identity, NodeFilesJson.Default.NodeIdentity));

    /// <returns>Null when there is none, or none that these secrets vouch for: then the API is asked.</returns>
    public ClusterMap? ReadMap(ClusterSecrets secrets)
    {
        try
        {
            return File.Exists(mapFile) ? MapFormat.Parse(File.ReadAllBytes(mapFile), secrets.MapKey) : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }

    public void WriteMap(byte[] signedMap) => Replace(mapFile, signedMap);

    /// <summary>Durable when it returns, mode 0600.</summary>
    public static void Replace(string file, byte[] content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        var temporary = file + ".new";
        File.Delete(temporary);
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = OwnerOnly,
        };
        using (var stream = new FileStream(temporary, options))
        {
            stream.Write(content);
            stream.Flush(flushToDisk: true);
        }

        File.Move(temporary, file, overwrite: true);
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(NodeIdentity))]
internal sealed partial class NodeFilesJson : JsonSerializerContext;
