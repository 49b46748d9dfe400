namespace FileSharing.Cli;

/// <summary>What scripts read from the process. Documented in docs/cli.md.</summary>
internal static class ExitCode
{
    public const int Ok = 0;

    /// <summary>Nothing was done, or not what was asked for.</summary>
    public const int Failed = 1;

    /// <summary>The command line says something that cannot be meant.</summary>
    public const int Usage = 2;

    /// <summary>Some items of many failed, or bytes are damaged.</summary>
    public const int Partial = 3;

    /// <summary>Of many items: failed when none succeeded, partial when some did.</summary>
    public static int Of(int succeeded, int failed) =>
        failed == 0 ? Ok
        : succeeded > 0 ? Partial
        : Failed;
}
