namespace FileSharing.Standalone.Postgres;

/// <summary>The server's command line. All settings are here, none in files, so that the next release can change them.</summary>
internal static class PostgresCommand
{
    /// <summary>Part of the socket's name only.</summary>
    public const int Port = 5432;

    private const int ConnectionsMax = 100;

    public static IEnumerable<string> Serve(PostgresBinaries binaries, string dataDirectory, string socketDirectory)
    {
        string[] settings =
        [
            // Only through the socket, only by who may enter its directory.
            "listen_addresses=",
            $"unix_socket_directories={Quote(socketDirectory)}",
            "unix_socket_permissions=0700",
            // A commit that was answered survives a power cut.
            "fsync=on",
            "synchronous_commit=on",
            "full_page_writes=on",
            // Plans made while the tables were empty are made anew once they have been counted: soon, in a first bulk upload.
            "autovacuum_naptime=10s",
            // Small: the page cache does the rest.
            "shared_buffers=64MB",
            $"max_connections={ConnectionsMax}",
            // To standard error, which this process reads.
            "logging_collector=off",
            "log_destination=stderr",
            "log_line_prefix=",
            "log_min_messages=warning",
        ];
        return
        [
            binaries.Postgres,
            "-D",
            dataDirectory,
            "-p",
            $"{Port}",
            .. settings.SelectMany(setting => new[] { "-c", setting }),
        ];
    }

    // unix_socket_directories is a list of identifiers: a name with a comma or a space needs double quotes.
    private static string Quote(string path) => $"\"{path.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
