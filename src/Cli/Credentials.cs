using System.Text.Json;

namespace FileSharing.Cli;

/// <summary>Where the server is and who asks.</summary>
/// <param name="Token">A secret; null when only the address is known.</param>
internal sealed record Credentials(Uri Url, string? Token, string? Email);

/// <summary>
/// What login keeps: <c>$XDG_CONFIG_HOME/fileshare/credentials.json</c> (default <c>~/.config</c>), readable by its owner only.
/// FILESHARE_URL and FILESHARE_TOKEN go before it.
/// </summary>
internal sealed class CredentialStore(Func<string, string?> environment)
{
    public const string UrlVariable = "FILESHARE_URL";
    public const string TokenVariable = "FILESHARE_TOKEN";

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    public string FilePath
    {
        get
        {
            var home = environment("XDG_CONFIG_HOME");
            return Path.Combine(
                string.IsNullOrEmpty(home) ? Path.Combine(environment("HOME") ?? "/", ".config") : home,
                "fileshare",
                "credentials.json"
            );
        }
    }

    /// <exception cref="UsageException">Neither the environment nor a login says which server and who.</exception>
    public Credentials Current()
    {
        var stored = Read();
        var variable = environment(UrlVariable);
        var url = string.IsNullOrEmpty(variable) ? stored?.Url : ParseUrl(variable);
        var token = environment(TokenVariable);
        if (string.IsNullOrEmpty(token))
        {
            // A stored token belongs to the server that gave it, and goes to no other.
            token = stored?.Url == url ? stored?.Token : null;
        }

        return url is null || token is null
            ? throw new UsageException(
                $"You are not logged in{(url is null ? "" : $" at {url}")}; run fileshare login URL, or set {UrlVariable} and {TokenVariable}."
            )
            : new Credentials(url, token, stored?.Email);
    }

    /// <summary>Replaces the file in one step.</summary>
    public void Write(Credentials credentials)
    {
        var folder = Path.GetDirectoryName(FilePath)!;
        Directory.CreateDirectory(folder, OwnerOnly | UnixFileMode.UserExecute);
        var temporary = FilePath + ".new";
        File.Delete(temporary);
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = OwnerOnly,
        };
        using (var file = new FileStream(temporary, options))
        {
            JsonSerializer.Serialize(file, credentials, CliJson.Default.Credentials);
        }

        File.Move(temporary, FilePath, overwrite: true);
    }

    /// <returns>False when there was nothing to forget.</returns>
    public bool Delete()
    {
        var existed = File.Exists(FilePath);
        if (existed)
        {
            File.Delete(FilePath);
        }

        return existed;
    }

    /// <exception cref="UsageException">Not an address of a server.</exception>
    public static Uri ParseUrl(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is ("http" or "https")
            ? url
            : throw new UsageException($"'{text}' is no server address; it starts with http:// or https://.");

    private Credentials? Read()
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(FilePath), CliJson.Default.Credentials);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (JsonException)
        {
            throw new UsageException($"{FilePath} cannot be read; log in again.");
        }
    }
}
