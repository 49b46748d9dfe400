using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using FileSharing.Native.XxHash;

namespace FileSharing.BlobEngine;

/// <summary>
/// A small JSON file with a checksum as its last member, and a second copy beside it: without what is in it a volume cannot be read, so one damaged
/// block must not take it. Bytes: docs/segment-format.md, section 5. One thread.
/// </summary>
internal sealed class TwinFile<T>(IDisk disk, string path, JsonTypeInfo<T> type)
    where T : class
{
    public const string CopySuffix = ".2";

    /// <summary>Between what it covers and its 16 hex digits.</summary>
    private const string ChecksumMember = ",\"checksum\":\"";
    private const string End = "\"}";
    private const int TailBytes = 13 + 16 + 2;

    /// <summary>How files began that had no checksum yet.</summary>
    private static ReadOnlySpan<byte> OldStart => "{\"format\":1,"u8;

    private readonly string copyPath = path + CopySuffix;

    public bool Exists => disk.FileExists(path) || disk.FileExists(copyPath);

    /// <summary>Whether both copies are there and the same; else what <see cref="Read"/> gives should be written again.</summary>
    public bool IsTwice =>
        TryReadBytes(path) is { } first && TryReadBytes(copyPath) is { } second && first.AsSpan().SequenceEqual(second);

    /// <summary>The first copy that is whole.</summary>
    /// <exception cref="BlobException"><see cref="BlobError.NotAVolume"/>: none is. Nothing was changed.</exception>
    public T Read()
    {
        var problems = new List<string>();
        foreach (var copy in new[] { path, copyPath })
        {
            if (TryRead(copy, out var problem) is { } content)
            {
                return content;
            }

            problems.Add($"{copy} {problem}");
        }

        throw new BlobException(
            BlobError.NotAVolume,
            $"{string.Join(", and ", problems)}. Nothing was changed. Put a good copy back, of this volume and from a backup; do not edit it by hand."
        );
    }

    /// <summary>Durable when it returns; a crash leaves at least one whole copy, of the old content or the new.</summary>
    public void Write(T content)
    {
        var json = JsonSerializer.SerializeToUtf8Bytes(content, type);
        var covered = json.AsSpan(..^1);
        byte[] file = [.. covered, .. Encoding.ASCII.GetBytes($"{ChecksumMember}{XXH3.Hash64(covered):x16}{End}")];
        disk.Replace(path, file);
        disk.Replace(copyPath, file);
    }

    private T? TryRead(string copy, out string problem)
    {
        problem = "is missing or cannot be read";
        if (TryReadBytes(copy) is not { } bytes)
        {
            return null;
        }

        try
        {
            problem = "fails its checksum";
            return IsWhole(bytes) || IsOld(bytes) ? JsonSerializer.Deserialize(bytes, type) : null;
        }
        catch (JsonException error)
        {
            problem = $"holds something else ({error.Message})";
            return null;
        }
    }

    private byte[]? TryReadBytes(string copy)
    {
        try
        {
            return disk.FileExists(copy) ? disk.ReadAll(copy) : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    private static bool IsOld(ReadOnlySpan<byte> bytes) =>
        bytes.StartsWith(OldStart) && bytes.IndexOf("checksum"u8) < 0;

    private static bool IsWhole(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < TailBytes)
        {
            return false;
        }

        var covered = bytes[..^TailBytes];
        var tail = Encoding.ASCII.GetString(bytes[^TailBytes..]);
        return tail.StartsWith(ChecksumMember, StringComparison.Ordinal)
            && tail.EndsWith(End, StringComparison.Ordinal)
            && ulong.TryParse(
                tail.AsSpan(ChecksumMember.Length, 16),
                NumberStyles.AllowHexSpecifier,
                CultureInfo.InvariantCulture,
                out var checksum
            )
            && checksum == XXH3.Hash64(covered);
    }
}
