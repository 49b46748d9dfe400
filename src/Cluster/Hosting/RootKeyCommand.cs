using System.ComponentModel;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace FileSharing.Cluster.Hosting;

/// <summary>
/// A command of the operator's that prints the root key: to a vault, a smart card, another machine. It runs without a shell, and without the settings of
/// this process in its environment.
/// </summary>
internal sealed partial class RootKeyCommand
{
    private const int OutputBytesMax = 1024;
    private const int ErrorBytesMax = 4096;

    /// <summary>A vault on the network answers within seconds; a person who has to touch a card, within this.</summary>
    public static readonly TimeSpan RunTimeMax = TimeSpan.FromSeconds(30);

    private readonly IReadOnlyList<string> words;

    private RootKeyCommand(IReadOnlyList<string> words) => this.words = words;

    /// <param name="setting">For the message.</param>
    /// <param name="line">Split by <see cref="CommandWords"/>.</param>
    /// <exception cref="SettingException">No full path of a program, or a quote is not closed.</exception>
    public static RootKeyCommand Parse(string setting, string line)
    {
        try
        {
            var split = CommandWords.Split(line);
            return split.Count > 0 && Path.IsPathFullyQualified(split[0])
                ? new RootKeyCommand(split)
                : throw new SettingException(setting, "does not begin with the full path of a program.");
        }
        catch (FormatException error)
        {
            throw new SettingException(setting, error.Message);
        }
    }

    /// <summary>What the program printed on its standard output. The caller wipes it.</summary>
    /// <exception cref="SettingException">It does not start, takes too long, prints too much or fails; with what it said on standard error.</exception>
    public async Task<byte[]> RunAsync(string setting, TimeSpan runTimeMax, CancellationToken cancellationToken)
    {
        using var process = Start(setting);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(runTimeMax);
        var output = ReadAsync(process.StandardOutput.BaseStream, OutputBytesMax, limit.Token);
        var errors = ReadAsync(process.StandardError.BaseStream, ErrorBytesMax, limit.Token);
        try
        {
            await Task.WhenAll(output, errors, process.WaitForExitAsync(limit.Token));
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            cancellationToken.ThrowIfCancellationRequested();
            throw new SettingException(setting, $"{words[0]} did not end within {runTimeMax.TotalSeconds} s.");
        }

        var printed = await output;
        if (process.ExitCode != 0)
        {
            CryptographicOperations.ZeroMemory(printed);
            throw new SettingException(
                setting,
                $"{words[0]} ended with exit code {process.ExitCode}: {Harmless(await errors)}"
            );
        }

        return printed.Length <= OutputBytesMax
            ? printed
            : throw new SettingException(setting, $"{words[0]} printed more than a root key.");
    }

    private Process Start(string setting)
    {
        var start = new ProcessStartInfo(words[0], words.Skip(1))
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // Among our settings are passwords that are none of the command's business.
        foreach (var name in start.Environment.Keys.Where(IsSetting).ToList())
        {
            start.Environment.Remove(name);
        }

        try
        {
            var process = Process.Start(start)!;
            process.StandardInput.Close();
            return process;
        }
        catch (Win32Exception error)
        {
            throw new SettingException(setting, $"{words[0]} does not start: {error.Message}");
        }
    }

    private static bool IsSetting(string variable) =>
        variable.StartsWith(Settings.EnvironmentPrefix, StringComparison.OrdinalIgnoreCase);

    /// <summary>Reads to the end, so that the program is not blocked, and keeps one byte more than may be.</summary>
    private static async Task<byte[]> ReadAsync(Stream stream, int bytesMax, CancellationToken cancellationToken)
    {
        var kept = new byte[bytesMax + 1];
        var length = await stream.ReadAtLeastAsync(kept, kept.Length, throwOnEndOfStream: false, cancellationToken);
        var passed = new byte[ErrorBytesMax];
        while (await stream.ReadAsync(passed, cancellationToken) > 0)
        {
            // Too much already.
        }

        CryptographicOperations.ZeroMemory(passed);
        var read = kept[..length];
        CryptographicOperations.ZeroMemory(kept);
        return read;
    }

    /// <summary>A program that prints the key where its complaints belong does not bring it into our log.</summary>
    private static string Harmless(byte[] errors)
    {
        var text = LikeAKey().Replace(Encoding.UTF8.GetString(errors), "[hidden]");
        var line = string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        return line.Length > 0 ? line : "it said nothing on standard error.";
    }

    [GeneratedRegex("[0-9A-Fa-f]{16,}", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex LikeAKey();
}
