using System.Text.Json.Serialization;
using FileSharing.Chunks.Keys;

namespace FileSharing.BlobEngine;

/// <summary>The files of a volume beside its segments: docs/segment-format.md, section 5.</summary>
internal sealed class VolumeFiles(IDisk disk, string path)
{
    private const int Format = 2;
    private const string LockName = "LOCK";
    private const string VolumeName = "volume.json";
    private const string KeysName = "keys.json";

    public string LockPath => Path.Combine(path, LockName);

    public string SegmentsPath => Path.Combine(path, "segments");

    public string IndexPath => Path.Combine(path, "index");

    /// <summary>A second index, while it is compared with the first.</summary>
    public string IndexCheckPath => Path.Combine(path, "index-check");

    private TwinFile<SweepFence> Fence => new(disk, Path.Combine(path, "sweeps.json"), VolumeJson.Default.SweepFence);

    /// <summary>What the volume has seen of garbage collection; null before its first sweep. One that cannot be read proves no stamp.</summary>
    public SweepFence? ReadFence()
    {
        try
        {
            return Fence.Exists ? Fence.Read() : null;
        }
        catch (BlobException)
        {
            return SweepFence.Unknown;
        }
    }

    /// <summary>Durable when it returns.</summary>
    public void WriteFence(SweepFence fence) => Fence.Write(fence);

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

    private TwinFile<VolumeIdentity> Identity =>
        new(disk, Path.Combine(path, VolumeName), VolumeJson.Default.VolumeIdentity);

    private TwinFile<KeyFile> Keys => new(disk, Path.Combine(path, KeysName), VolumeJson.Default.KeyFile);

    /// <returns>Null when there is none.</returns>
    /// <exception cref="BlobException"><see cref="BlobError.NotAVolume"/>.</exception>
    public VolumeIdentity? ReadIdentity() =>
        Identity.Exists && Identity.Read() is var identity
            ? identity with
            {
                Format = Known(identity.Format, VolumeName),
            }
            : null;

    /// <summary>Durable when it returns.</summary>
    public void WriteIdentity(VolumeIdentity identity) => Identity.Write(identity);

    public IReadOnlyList<WrappedKey> ReadKeys()
    {
        if (!Keys.Exists)
        {
            return [];
        }

        var file = Keys.Read();
        Known(file.Format, KeysName);
        return file.Keys;
    }

    /// <summary>Durable when it returns.</summary>
    public void WriteKeys(IEnumerable<WrappedKey> keys) => Keys.Write(new KeyFile(Format, [.. keys]));

    /// <summary>Writes the keys again where one of the two copies is not what it was.</summary>
    public void MendKeys()
    {
        if (Keys.Exists && !Keys.IsTwice)
        {
            WriteKeys(ReadKeys());
        }
    }

    public static VolumeIdentity NewIdentity(VolumeOptions options, TimeProvider time) =>
        new(Format, options.NewVolumeId ?? Guid.NewGuid(), options.ClusterId, options.NodeName, 0, time.GetUtcNow());

    /// <returns>The format to write: files of the first one had no checksum and no copy.</returns>
    private int Known(int format, string name) =>
        format is > 0 and <= Format
            ? Format
            : throw new BlobException(
                BlobError.NotAVolume,
                $"{Path.Combine(path, name)} has format {format}, of a later release than this. Nothing was changed."
            );
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
[JsonSerializable(typeof(SweepFence))]
internal sealed partial class VolumeJson : JsonSerializerContext;
