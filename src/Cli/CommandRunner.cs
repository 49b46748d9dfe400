using System.CommandLine;
using FileSharing.Client;

namespace FileSharing.Cli;

/// <summary>What a verb does, given its parsed arguments.</summary>
internal delegate Task<int> CommandAction(ParseResult arguments, Session session, CancellationToken cancellation);

/// <summary>Runs a verb and turns every failure into one line and an exit code.</summary>
internal sealed class CommandRunner(CliHost host, GlobalOptions options)
{
    public Func<ParseResult, CancellationToken, Task<int>> Run(CommandAction action) =>
        async (arguments, cancellation) =>
        {
            var output = new Output(host, arguments.GetValue(options.Json), arguments.GetValue(options.Quiet));
            using var session = new Session(host, output, arguments.GetValue(options.Progress));
            try
            {
                return await action(arguments, session, cancellation);
            }
            catch (FileShareException e)
            {
                output.Problem(e);
                return e.Type == ErrorTypes.DamagedBytes ? ExitCode.Partial : ExitCode.Failed;
            }
            catch (UsageException e)
            {
                output.Problem(UsageException.ProblemType, e.Message);
                return ExitCode.Usage;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                output.Problem(ErrorTypes.LocalFile, e.Message);
                return ExitCode.Failed;
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                output.Problem(
                    "urn:fileshare:error:interrupted",
                    "Interrupted; the same command goes on where it stopped."
                );
                return ExitCode.Failed;
            }
        };
}
