namespace FileSharing.Cli.Terminal;

/// <summary>Passwords from a file, from standard input, or from the keyboard without echo; never from the command line.</summary>
internal static class PasswordInput
{
    private const string StandardInput = "-";

    /// <exception cref="UsageException">No file was named and there is no keyboard, or the password is empty.</exception>
    public static string Read(CliHost host, string? passwordFile, string prompt)
    {
        var password = passwordFile switch
        {
            StandardInput => FirstLine(new StreamReader(host.OpenStandardInput())),
            not null => FirstLine(OpenFile(passwordFile)),
            null when host.IsInputTerminal => Ask(host, prompt),
            null => throw new UsageException("There is no terminal to ask for the password; use --password-file."),
        };
        return password.Length > 0 ? password : throw new UsageException("The password is empty.");
    }

    private static StreamReader OpenFile(string path)
    {
        try
        {
            return new StreamReader(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"The password file cannot be read ({e.Message}).");
        }
    }

    private static string FirstLine(StreamReader reader)
    {
        using (reader)
        {
            return reader.ReadLine() ?? "";
        }
    }

    private static string Ask(CliHost host, string prompt)
    {
        host.Error.Write(prompt);
        var typed = new System.Text.StringBuilder();
        while (Console.ReadKey(intercept: true) is var key && key.Key != ConsoleKey.Enter)
        {
            if (key.Key == ConsoleKey.Backspace && typed.Length > 0)
            {
                typed.Length--;
            }
            else if (!char.IsControl(key.KeyChar))
            {
                typed.Append(key.KeyChar);
            }
        }

        host.Error.WriteLine();
        return typed.ToString();
    }
}
