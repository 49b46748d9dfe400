using System.Security.Cryptography;
using System.Text;
using FileSharing.Chunks.Keys;
using Microsoft.Extensions.Configuration;

namespace FileSharing.Cluster.Hosting;

/// <summary>
/// Where a process gets the root key: from a file that only its owner may read, or from a command that prints it. The one way for every process. The key is
/// never part of a message, a log line, a command line or an environment.
/// </summary>
public sealed record RootKeySource
{
    /// <summary>64 hex digits and white space around them; anything larger is some other file.</summary>
    private const int FileBytesMax = 1024;

    private const UnixFileMode OfOthers =
        UnixFileMode.GroupRead
        | UnixFileMode.GroupWrite
        | UnixFileMode.GroupExecute
        | UnixFileMode.OtherRead
        | UnixFileMode.OtherWrite
        | UnixFileMode.OtherExecute;

    private RootKeySource(string setting, string? file, RootKeyCommand? command)
    {
        Setting = setting;
        File = file;
        Command = command;
    }

    /// <summary>The setting that named it, for messages.</summary>
    public string Setting { get; }

    /// <summary>Null when a command prints the key.</summary>
    public string? File { get; }

    /// <summary>Null when the key lies in a file.</summary>
    internal RootKeyCommand? Command { get; }

    /// <param name="setting">The setting that names the file.</param>
    public static RootKeySource OfFile(string setting, string file) => new(setting, file, command: null);

    /// <param name="section">With <c>RootKeyFile</c> or <c>RootKeyCommand</c>.</param>
    /// <returns>Null when the section has neither.</returns>
    /// <exception cref="SettingException">Both are given, or the command makes no sense.</exception>
    public static RootKeySource? From(IConfigurationSection section)
    {
        ArgumentNullException.ThrowIfNull(section);
        var file = section["RootKeyFile"] is { Length: > 0 } path ? path : null;
        var command = section["RootKeyCommand"] is { Length: > 0 } line ? line : null;
        var commandSetting = $"{section.Path}:RootKeyCommand";
        return (file, command) switch
        {
            (null, null) => null,
            (not null, null) => OfFile($"{section.Path}:RootKeyFile", file),
            (null, not null) => new(commandSetting, null, RootKeyCommand.Parse(commandSetting, command)),
            _ => throw new SettingException(commandSetting, "is set, and RootKeyFile is too: give one of them."),
        };
    }

    /// <summary>Reads the file, or runs the command; each call does so anew.</summary>
    /// <exception cref="SettingException">The file is absent, readable by others or no root key; or the command fails. The message says what to do.</exception>
    public async Task<RootKey> ReadAsync(CancellationToken cancellationToken)
    {
        var text = Command is null
            ? ReadFile(File!)
            : await Command.RunAsync(Setting, RootKeyCommand.RunTimeMax, cancellationToken);
        var digits = Encoding.ASCII.GetChars(text);
        try
        {
            return RootKey.Parse(digits);
        }
        catch (FormatException)
        {
            throw new SettingException(
                Setting,
                $"{(Command is null ? File : "what the command prints")} is no root key, which is 64 hex digits."
            );
        }
        finally
        {
            CryptographicOperations.ZeroMemory(text);
            digits.AsSpan().Clear();
        }
    }

    private byte[] ReadFile(string path)
    {
        try
        {
            using var file = System.IO.File.OpenHandle(path);
            // Of the open file, not of the name: what is checked is what is read.
            if ((System.IO.File.GetUnixFileMode(file) & OfOthers) != UnixFileMode.None)
            {
                throw new SettingException(
                    Setting,
                    $"{path} may be read or changed by other users of this machine, and whoever has this key can read everything. Close it: chmod 0400 {path}"
                );
            }

            var content = new byte[FileBytesMax];
            var length = RandomAccess.Read(file, content, fileOffset: 0);
            return content[..length];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new SettingException(Setting, $"{path} cannot be read: {error.Message}");
        }
    }
}
