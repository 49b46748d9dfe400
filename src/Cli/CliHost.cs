namespace FileSharing.Cli;

/// <summary>The process around a command: streams, terminal, environment, clock.</summary>
internal sealed record CliHost
{
    public required TextWriter Out { get; init; }
    public required TextWriter Error { get; init; }
    public required Func<Stream> OpenStandardInput { get; init; }
    public required Func<Stream> OpenStandardOutput { get; init; }
    public required Func<string, string?> Environment { get; init; }
    public bool IsInputTerminal { get; init; }
    public bool IsOutputTerminal { get; init; }
    public bool IsErrorTerminal { get; init; }
    public TimeProvider TimeProvider { get; init; } = TimeProvider.System;

    public static CliHost OfThisProcess() =>
        new()
        {
            Out = Console.Out,
            Error = Console.Error,
            OpenStandardInput = Console.OpenStandardInput,
            OpenStandardOutput = Console.OpenStandardOutput,
            Environment = System.Environment.GetEnvironmentVariable,
            IsInputTerminal = !Console.IsInputRedirected,
            IsOutputTerminal = !Console.IsOutputRedirected,
            IsErrorTerminal = !Console.IsErrorRedirected,
        };
}
