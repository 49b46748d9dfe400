using System.CommandLine;
using FileSharing.Client;

namespace FileSharing.Cli;

/// <summary>Arguments that several verbs share.</summary>
internal static class Arguments
{
    public static Argument<string> Remote(
        string description = "Remote path: /folder/file, owner@host:/folder/file or id:FILE_ID."
    ) => new("REMOTE") { Description = description };

    public static Argument<string[]> ManyRemotes(
        string description = "Remote paths: /folder/file, owner@host:/folder/file or id:FILE_ID."
    ) => new("REMOTE") { Description = description, Arity = ArgumentArity.OneOrMore };

    public static Option<string> With() =>
        new("--with")
        {
            Description = "E-mail address of the other user, or the name of a group.",
            HelpName = "EMAIL",
            Required = true,
        };

    public static Option<string> PasswordFile() =>
        new("--password-file")
        {
            Description = "File whose first line is the password; - reads standard input.",
            HelpName = "F",
        };

    /// <exception cref="UsageException">Not a remote path.</exception>
    public static RemotePath Path(string? text) =>
        RemotePath.TryParse(text ?? "/", out var path, out var problem) ? path : throw new UsageException(problem);
}
