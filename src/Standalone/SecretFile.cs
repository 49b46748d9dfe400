using System.Security.Cryptography;
using FileSharing.Chunks.Keys;
using FileSharing.Standalone.Postgres;

namespace FileSharing.Standalone;

/// <summary>Small files that must not be lost and not be read by others.</summary>
internal static class SecretFile
{
    public const UnixFileMode OwnerReads = UnixFileMode.UserRead;
    public const UnixFileMode OwnerReadsAndWrites = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>After it returns, a crash or power cut cannot lose the line. An existing file is replaced.</summary>
    public static async Task WriteAsync(string path, string line, UnixFileMode mode, CancellationToken stop)
    {
        var unfinished = path + ".unfinished";
        File.Delete(unfinished);
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = mode,
        };
        await using (var file = new FileStream(unfinished, options))
        {
            await file.WriteAsync(System.Text.Encoding.UTF8.GetBytes(line + "\n"), stop);
            file.Flush(flushToDisk: true);
        }

        File.Move(unfinished, path, overwrite: true);
        var synced = await ChildProcess.RunAsync(["sync", Path.GetDirectoryName(path)!], "", stop);
        if (!synced.Succeeded)
        {
            throw new IOException($"The directory of {path} could not be synced: {synced.Output.Trim()}");
        }
    }

    /// <summary>Makes a random root key for a data directory that holds nothing yet.</summary>
    /// <returns>True when it made one.</returns>
    /// <exception cref="IOException">The key is missing beside data that only it opens; a new one would hide that it is lost.</exception>
    public static async Task<bool> EnsureRootKeyAsync(DataLayout layout, CancellationToken stop)
    {
        if (File.Exists(layout.RootKey))
        {
            return false;
        }

        if (layout.FirstData() is { } data)
        {
            throw new IOException(
                $"{layout.RootKey} is missing, and {data} holds data that only this key opens. Put your copy of the key back (mode 0400), then start again."
            );
        }

        await WriteAsync(
            layout.RootKey,
            RandomNumberGenerator.GetHexString(RootKey.Bytes * 2, lowercase: true),
            OwnerReads,
            stop
        );
        return true;
    }
}
