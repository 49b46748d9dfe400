using System.Text;

namespace FileSharing.Standalone.Postgres;

/// <summary>
/// The directory of the Unix socket. Its mode 0700 is what keeps other users out: the server trusts whoever reaches the socket.
/// </summary>
internal static class SocketDirectory
{
    /// <summary>sockaddr_un.sun_path has 108 bytes, the last one zero (unix(7)).</summary>
    public const int SocketPathBytesMax = 107;

    private const string FallbackPrefix = "fileshare-postgres-";

    // Port 5432 is only part of the socket's name: the server listens on no TCP port.
    private const string SocketName = ".s.PGSQL.5432.lock";

    /// <returns>A directory that this user owns: below <paramref name="runDirectory"/>, or a fresh short one under /tmp when that path is too long for a socket.</returns>
    public static async Task<string> CreateAsync(string runDirectory, ServerUser user, CancellationToken stop)
    {
        var wanted = Path.Combine(runDirectory, "postgres");
        var path = Fits(wanted) ? wanted : Directory.CreateTempSubdirectory(FallbackPrefix).FullName;
        await user.OwnDirectoryAsync(path, stop);
        return path;
    }

    internal static bool Fits(string directory) =>
        Encoding.UTF8.GetByteCount(Path.Combine(directory, SocketName)) <= SocketPathBytesMax;

    /// <summary>Removes what <see cref="CreateAsync"/> made under /tmp; a directory below the data stays.</summary>
    public static void Release(string path)
    {
        if (Path.GetFileName(path).StartsWith(FallbackPrefix, StringComparison.Ordinal) && Directory.Exists(path))
        {
            Directory.Delete(path, recursive: true);
        }
    }
}
