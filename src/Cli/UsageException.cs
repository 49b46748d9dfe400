namespace FileSharing.Cli;

/// <summary>The command line or its environment cannot be meant so; the message says what is expected.</summary>
internal sealed class UsageException(string message) : Exception(message)
{
    public const string ProblemType = "urn:fileshare:error:usage";
}
