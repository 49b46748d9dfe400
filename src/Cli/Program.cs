using FileSharing.Cli;

return await CommandLine.RunAsync(args, CliHost.OfThisProcess());
