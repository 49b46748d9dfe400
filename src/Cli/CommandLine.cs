using System.CommandLine;
using System.CommandLine.Parsing;
using FileSharing.Cli.Commands;

namespace FileSharing.Cli;

/// <summary>The verbs, and how a command line becomes an exit code.</summary>
internal static class CommandLine
{
    /// <summary>Parses and runs. Ctrl-C cancels the command.</summary>
    public static async Task<int> RunAsync(string[] args, CliHost host)
    {
        var options = new GlobalOptions();
        var parse = Create(host, options).Parse(args);
        if (parse.Errors.Count > 0)
        {
            var output = new Output(host, parse.GetValue(options.Json), isQuiet: false);
            output.Problem(
                UsageException.ProblemType,
                $"{WhatIsWrong(parse)}; see {CommandPath(parse.CommandResult)} --help"
            );
            return ExitCode.Usage;
        }

        return await parse.InvokeAsync(
            new InvocationConfiguration
            {
                Output = host.Out,
                Error = host.Error,
                EnableDefaultExceptionHandler = false,
            }
        );
    }

    private static RootCommand Create(CliHost host, GlobalOptions options)
    {
        var runner = new CommandRunner(host, options);
        return new RootCommand(
            "Stores and shares files on a FileShare server. Remote paths are /folder/file, owner@host:/folder/file or id:FILE_ID."
        )
        {
            options.Json,
            options.Quiet,
            options.Progress,
            LoginCommand.Create(runner),
            LogoutCommand.Create(runner),
            PutCommand.Create(runner),
            GetCommand.Create(runner),
            CatCommand.Create(runner),
            LsCommand.Create(runner),
            TreeCommand.Create(runner),
            InfoCommand.Create(runner),
            MkdirCommand.Create(runner),
            MvCommand.Create(runner),
            RmCommand.Create(runner),
            ShareCommand.Create(runner),
            UnshareCommand.Create(runner),
            AdminCommand.Create(runner),
        };
    }

    /// <summary>A word that is none of ours explains more than what is missing because of it. One line, whatever the parser wrote.</summary>
    private static string WhatIsWrong(ParseResult parse) =>
        parse.UnmatchedTokens.Count > 0
            ? $"There is no command or option '{parse.UnmatchedTokens[0]}'"
            : string.Join(
                    ' ',
                    parse.Errors[0].Message.Split([' ', '\n', '\r', '\t'], StringSplitOptions.RemoveEmptyEntries)
                )
                .TrimEnd('.');

    private static string CommandPath(CommandResult command)
    {
        var names = new List<string>();
        for (var at = command; at is not null; at = at.Parent as CommandResult)
        {
            names.Insert(0, at.Parent is null ? "fileshare" : at.Command.Name);
        }

        return string.Join(' ', names);
    }
}
