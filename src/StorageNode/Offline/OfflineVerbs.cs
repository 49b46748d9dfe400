using System.CommandLine;
using System.Security.Cryptography;
using FileSharing.Cluster.Hosting;

namespace FileSharing.StorageNode.Offline;

/// <summary>What can be done with the volumes of a node that does not run. Exit codes: 0 done, 1 failed, 2 usage, 3 done as far as the damage allows.</summary>
internal static class OfflineVerbs
{
    public const int ExitOk = 0;
    public const int ExitFailed = 1;
    public const int ExitUsage = 2;
    public const int ExitDamaged = 3;

    /// <summary>Settings of a node begin with two dashes, verbs do not.</summary>
    public static bool IsOne(string[] args) => args is ["rebuild-index" or "export" or "-h" or "--help", ..];

    public static async Task<int> RunAsync(string[] args, CancellationToken cancellationToken)
    {
        var root = new RootCommand(
            "A storage node. Without a verb it serves; its settings are given as --Node:Key=VALUE (docs/operations.md)."
        )
        {
            RebuildIndexVerb.Create(),
            ExportVerb.Create(),
        };
        var parse = root.Parse(args);
        if (parse.Errors.Count > 0)
        {
            await Console.Error.WriteLineAsync($"storage-node: {parse.Errors[0].Message} See storage-node --help");
            return ExitUsage;
        }

        try
        {
            return await parse.InvokeAsync(
                new InvocationConfiguration { EnableDefaultExceptionHandler = false },
                cancellationToken
            );
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await Console.Error.WriteLineAsync("storage-node: stopped; it can be started again.");
            return ExitFailed;
        }
        catch (SettingException error)
        {
            await Console.Error.WriteLineAsync($"storage-node: {error.Message}");
            return ExitUsage;
        }
        catch (CryptographicException)
        {
            await Console.Error.WriteLineAsync("storage-node: this root key does not open the keys of the volume.");
            return ExitFailed;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync($"storage-node: {error.Message}");
            return ExitFailed;
        }
    }

    /// <summary>One or more directories, each a volume or a directory somewhere below which volumes lie.</summary>
    public static Argument<string[]> Directories() =>
        new("DIRECTORY")
        {
            Description = "A volume, the data directory of a node, or one above it: every volume below is taken.",
            Arity = ArgumentArity.OneOrMore,
        };
}
