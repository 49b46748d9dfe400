using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using FileSharing.Metadata;

namespace FileSharing.Api;

/// <summary>Gives a new installation its administrator. The password is on disk before the account exists, so that a crash between the two loses neither.</summary>
internal static class FirstStart
{
    public const string AdministratorEmail = "admin@localhost";

    /// <summary>144 bits in 24 characters.</summary>
    private const int PasswordBytes = 18;

    /// <returns>The password of the account that was made now; null when there are users already.</returns>
    public static async Task<string?> EnsureAdministratorAsync(
        Accounts accounts,
        string passwordFile,
        CancellationToken ct
    )
    {
        if (!await accounts.IsEmptyAsync(ct))
        {
            return null;
        }

        var password = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(PasswordBytes));
        await WriteAsync(passwordFile, password, ct);
        try
        {
            await accounts.CreateAsync(AdministratorEmail, "Administrator", password, isAdministrator: true, ct);
            return password;
        }
        catch (MetadataException e) when (e.Error == MetadataError.EmailTaken)
        {
            // Another API process was first; its password holds.
            return null;
        }
    }

    /// <summary>Returns when the line is on stable storage.</summary>
    private static async Task WriteAsync(string path, string password, CancellationToken ct)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } directory)
        {
            Directory.CreateDirectory(directory);
        }

        File.Delete(path);
        await using var file = new FileStream(path, options);
        await file.WriteAsync(Encoding.ASCII.GetBytes(password + "\n"), ct);
        file.Flush(flushToDisk: true);
    }
}
