namespace FileSharing.UnitTests.Architecture;

/// <summary>The names by which the table speaks of assemblies and packages.</summary>
internal static class LibraryNames
{
    public const string AspNet = "ASP.NET";

    /// <returns>Null for the plain BCL, which everybody may use.</returns>
    public static string? Of(string assembly) =>
        assembly switch
        {
            "System.Net.Http" or "System.Net.Http.Json" => "HttpClient",
            "System.CommandLine" => assembly,
            // An interface to write to, without a host behind it.
            "Microsoft.Extensions.Logging.Abstractions" => null,
            "Microsoft.AspNetCore" or "Microsoft.Net.Http.Headers" or "Microsoft.OpenApi" => AspNet,
            _ when StartsWith(assembly, "Microsoft.AspNetCore.") || StartsWith(assembly, "Microsoft.Extensions.") =>
                AspNet,
            _ when StartsWith(assembly, "System.") || StartsWith(assembly, "Microsoft.Win32.") => null,
            _ => assembly,
        };

    private static bool StartsWith(string name, string prefix) => name.StartsWith(prefix, StringComparison.Ordinal);
}
