using System.Text.Json;
using System.Text.Json.Serialization;
using FileSharing.Chunks.Keys;

namespace FileSharing.BlobEngine;

/// <summary>The files of a volume beside its segments: docs/segment-format.md, section 5.</summary>
internal sealed class VolumeFiles(IDisk disk, string path)
{
    private const int Format = 1;
    private const string LockName = "LOCK";
    private const string VolumeName = "volume.json";

    private string VolumePath => Path.Combine(path, VolumeName);

    private string KeysPath => Path.Combine(path, "keys.json");

    public string LockPath => Path.Combine(path, LockName);

    public string SegmentsPath => Path.Combine(path, "segments");

    public string IndexPath => Path.Combine(path, "index");

    /// <summary>A second index, while it is compared with the first.</summary>
    public string IndexCheckPath => Path.Combine(path, "index-check");

    private string IndexMarkPath => Path.Combine(path, "index-damaged");

    /// <summary>Whether an earlier process has met damage in the index, so that it must not be used again.</summary>
    public bool IsIndexMarked => disk.FileExists(IndexMarkPath);

    /// <summary>Durable when it returns.</summary>
    public void MarkIndex() =>
        disk.Replace(IndexMarkPath, "The index is damaged: it is built anew when the volume is opened.\n"u8);

    public void UnmarkIndex()
    {
        disk.Delete(IndexMarkPath);
        disk.SyncDirectory(path);
    }

    /// <summary>Whether a volume may be made here: nothing is there but what an opening that was cut short leaves.</summary>
    public bool IsEmpty =>
        disk.List(path).All(name => name == LockName || name == VolumeName + DiskExtensions.TemporarySuffix);

    /// <returns>Null when there is none.</returns>
    /// <exception cref="BlobException"><see cref="BlobError.NotAVolume"/>.</exception>
    public VolumeIdentity? ReadIdentity()
    {
        if (!disk.FileExists(VolumePath))
        {
            return null;
        }

        var file = Parse(VolumePath, VolumeJson.Default.VolumeIdentity);
        return file.Format == Format ? file : throw Unreadable(VolumePath, $"it has format {file.Format}");
    }

    /// <summary>Durable when it returns.</summary>
    public void WriteIdentity(VolumeIdentity identity) =>
        disk.Replace(VolumePath, JsonSerializer.SerializeToUtf8Bytes(identity, VolumeJson.Default.VolumeIdentity));

    public IReadOnlyList<WrappedKey> ReadKeys()
    {
        if (!disk.FileExists(KeysPath))
        {
            return [];
        }

        var file = Parse(KeysPath, VolumeJson.Default.KeyFile);
        return file.Format == Format ? file.Keys : throw Unreadable(KeysPath, $"it has format {file.Format}");
    }

    /// <summary>Durable when it returns.</summary>
    public void WriteKeys(IEnumerable<WrappedKey> keys) =>
        disk.Replace(
            KeysPath,
            JsonSerializer.SerializeToUtf8Bytes(new KeyFile(Format, [.. keys]), VolumeJson.Default.KeyFile)
        );

    public static VolumeIdentity NewIdentity(VolumeOptions options, TimeProvider time) =>
        new(Format, Guid.NewGuid(), options.ClusterId, options.NodeName, 0, time.GetUtcNow());

    private T Parse<T>(string file, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type)
    {
        try
        {
            return JsonSerializer.Deserialize(disk.ReadAll(file), type) ?? throw Unreadable(file, "it is empty");
        }
        catch (JsonException error)
        {
            throw Unreadable(file, error.Message, error);
        }
    }

    private static BlobException Unreadable(string file, string problem, Exception? cause = null) =>
        new(BlobError.NotAVolume, $"{file} cannot be read: {problem}.", cause);
}

/// <summary>volume.json.</summary>
internal sealed record VolumeIdentity(
    int Format,
    Guid VolumeId,
    Guid ClusterId,
    string Node,
    ulong Incarnation,
    DateTimeOffset Created
);

/// <summary>keys.json.</summary>
internal sealed record KeyFile(int Format, IReadOnlyList<WrappedKey> Keys);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true
)]
[JsonSerializable(typeof(VolumeIdentity))]
[JsonSerializable(typeof(KeyFile))]
internal sealed partial class VolumeJson : JsonSerializerContext;
