using Microsoft.Extensions.Configuration;

namespace FileSharing.Cluster.Hosting;

/// <summary>A setting that makes no sense. The process refuses to start; the message names the setting and says what to do.</summary>
public sealed class SettingException(string setting, string problem) : Exception($"{setting}: {problem}")
{
    public string Setting { get; } = setting;
}

/// <summary>
/// Reads settings: <c>appsettings.json</c>, then environment <c>FILESHARE__Section__Key</c>, then the command line <c>--Section:Key=value</c>; the
/// later wins. A secret may be given as <c>KeyFile</c>… by the name of a file: <c>FILESHARE__Section__Key_FILE</c> holds the path, the file's content is the value.
/// </summary>
public static class Settings
{
    public const string EnvironmentPrefix = "FILESHARE__";
    private const string FileSuffix = "_FILE";

    /// <exception cref="SettingException">A <c>_FILE</c> setting names a file that cannot be read.</exception>
    public static IConfigurationRoot Load(string[] commandLine)
    {
        var given = new ConfigurationBuilder()
            .SetBasePath(AppContext.BaseDirectory)
            .AddJsonFile("appsettings.json", optional: true)
            .AddEnvironmentVariables(EnvironmentPrefix)
            .AddCommandLine(commandLine)
            .Build();
        var fromFiles = given
            .AsEnumerable()
            .Where(setting =>
                setting is { Value: not null } && setting.Key.EndsWith(FileSuffix, StringComparison.Ordinal)
            )
            .ToDictionary(
                setting => setting.Key[..^FileSuffix.Length],
                setting => (string?)ReadSecret(setting.Key, setting.Value!)
            );
        return new ConfigurationBuilder().AddConfiguration(given).AddInMemoryCollection(fromFiles).Build();
    }

    /// <summary>The value of a setting that must be there.</summary>
    public static string Required(this IConfigurationSection section, string key)
    {
        ArgumentNullException.ThrowIfNull(section);
        return section[key] is { Length: > 0 } value
            ? value
            : throw new SettingException($"{section.Path}:{key}", "is missing.");
    }

    /// <summary>A whole number within its bounds.</summary>
    public static long Number(this IConfigurationSection section, string key, long fallback, long min, long max)
    {
        ArgumentNullException.ThrowIfNull(section);
        if (section[key] is not { Length: > 0 } text)
        {
            return fallback;
        }

        return long.TryParse(text, out var number) && number >= min && number <= max
            ? number
            : throw new SettingException(
                $"{section.Path}:{key}",
                $"'{text}' is not a whole number from {min} to {max}."
            );
    }

    /// <summary>true or false.</summary>
    public static bool Flag(this IConfigurationSection section, string key, bool fallback)
    {
        ArgumentNullException.ThrowIfNull(section);
        if (section[key] is not { Length: > 0 } text)
        {
            return fallback;
        }

        return bool.TryParse(text, out var flag)
            ? flag
            : throw new SettingException($"{section.Path}:{key}", $"'{text}' is not true or false.");
    }

    /// <summary>An http or https address without path or query.</summary>
    public static Uri? Address(this IConfigurationSection section, string key)
    {
        ArgumentNullException.ThrowIfNull(section);
        if (section[key] is not { Length: > 0 } text)
        {
            return null;
        }

        return
            Uri.TryCreate(text, UriKind.Absolute, out var uri)
            && uri is { Scheme: "http" or "https", PathAndQuery: "/" }
            ? uri
            : throw new SettingException(
                $"{section.Path}:{key}",
                $"'{text}' is not an address such as http://127.0.0.1:8080."
            );
    }

    private static string ReadSecret(string setting, string path)
    {
        try
        {
            return File.ReadAllText(path).Trim();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new SettingException(setting, $"the file cannot be read: {error.Message}");
        }
    }
}
