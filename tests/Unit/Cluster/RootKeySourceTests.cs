using System.Globalization;
using FileSharing.Cluster.Hosting;
using Microsoft.Extensions.Configuration;

namespace FileSharing.UnitTests.Cluster;

public sealed class RootKeySourceTests : IDisposable
{
    private const string Digits = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("fileshare-root-key-");

    private string KeyFile => Path.Combine(folder.FullName, "root.key");

    public void Dispose() => folder.Delete(recursive: true);

    [Theory]
    [InlineData("0400")]
    [InlineData("0600")]
    public async Task A_file_that_only_its_owner_reads_gives_the_key(string mode)
    {
        WriteKeyFile(mode);

        using var key = await Source(("RootKeyFile", KeyFile)).ReadAsync(CancellationToken.None);

        Assert.NotNull(key);
    }

    [Theory]
    [InlineData("0440")]
    [InlineData("0404")]
    [InlineData("0620")]
    [InlineData("0644")]
    public async Task A_file_that_others_may_read_or_change_is_refused_with_the_command_that_closes_it(string mode)
    {
        WriteKeyFile(mode);

        var error = await Assert.ThrowsAsync<SettingException>(() =>
            Source(("RootKeyFile", KeyFile)).ReadAsync(CancellationToken.None)
        );

        Assert.EndsWith($"chmod 0400 {KeyFile}", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Digits + "ff")]
    [InlineData("not hex, and not even long enough")]
    [InlineData("")]
    public async Task A_file_that_holds_no_root_key_is_refused_without_repeating_what_is_in_it(string content)
    {
        WriteKeyFile("0400", content);

        var error = await Assert.ThrowsAsync<SettingException>(() =>
            Source(("RootKeyFile", KeyFile)).ReadAsync(CancellationToken.None)
        );

        Assert.Equal("Part:RootKeyFile", error.Setting);
        Assert.True(content.Length == 0 || !error.Message.Contains(content, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_file_that_is_not_there_is_named()
    {
        var error = await Assert.ThrowsAsync<SettingException>(() =>
            Source(("RootKeyFile", KeyFile)).ReadAsync(CancellationToken.None)
        );

        Assert.Contains(KeyFile, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_command_that_prints_the_key_gives_it()
    {
        using var key = await Source(("RootKeyCommand", $"/bin/echo {Digits}")).ReadAsync(CancellationToken.None);

        Assert.NotNull(key);
    }

    [Fact]
    public void A_file_and_a_command_at_once_are_refused_and_neither_is_none()
    {
        var both = ("RootKeyFile", KeyFile);

        Assert.Throws<SettingException>(() => From(both, ("RootKeyCommand", "/bin/true")));
        Assert.Null(From());
    }

    [Theory]
    [InlineData("cat /etc/key", "full path")]
    [InlineData("  ", "full path")]
    [InlineData("/bin/echo 'open", "quote")]
    public void A_command_that_cannot_be_meant_is_refused(string command, string reason)
    {
        var error = Assert.Throws<SettingException>(() => From(("RootKeyCommand", command)));

        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_command_that_fails_is_reported_with_what_it_said_but_never_with_the_key()
    {
        var script = Script($"echo {Digits}; echo 'the vault is sealed, key {Digits}' >&2; exit 3");

        var error = await Assert.ThrowsAsync<SettingException>(() =>
            Source(("RootKeyCommand", script)).ReadAsync(CancellationToken.None)
        );

        Assert.Contains("exit code 3: the vault is sealed, key [hidden]", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Digits[..16], error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("head -c 100000 /dev/zero", "printed more than a root key")]
    [InlineData("echo nonsense", "is no root key")]
    [InlineData("exit 0", "is no root key")]
    public async Task A_command_that_prints_something_else_is_refused(string lines, string reason)
    {
        var error = await Assert.ThrowsAsync<SettingException>(() =>
            Source(("RootKeyCommand", Script(lines))).ReadAsync(CancellationToken.None)
        );

        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("nonsense", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_command_that_does_not_end_is_killed_with_what_it_started()
    {
        var pidFile = Path.Combine(folder.FullName, "pid");
        var script = Script($"sleep 300 & echo $! >{pidFile}; wait");
        var command = RootKeyCommand.Parse("Part:RootKeyCommand", script);

        var error = await Assert.ThrowsAsync<SettingException>(() =>
            command.RunAsync("Part:RootKeyCommand", TimeSpan.FromSeconds(1), CancellationToken.None)
        );

        Assert.Contains("did not end within 1 s", error.Message, StringComparison.Ordinal);
        var child = await File.ReadAllTextAsync(pidFile);
        var state = Path.Combine("/proc", child.Trim(), "status");
        // The signal has been sent; the system ends the process in its own time.
        for (var left = 100; left > 0 && IsAlive(state); left--)
        {
            await Task.Delay(50);
        }

        Assert.False(IsAlive(state));
    }

    private static bool IsAlive(string state)
    {
        try
        {
            return !File.ReadAllText(state).Contains("State:\tZ", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }

    [Fact]
    public async Task A_command_does_not_find_our_settings_in_its_environment_but_its_own_it_does()
    {
        const string Ours = "FILESHARE__Part__Password";
        const string Its = "VAULT_TOKEN_OF_THE_TEST";
        Environment.SetEnvironmentVariable(Ours, "a password");
        Environment.SetEnvironmentVariable(Its, Digits);
        try
        {
            var script = Script($"env | grep -q {Ours} && exit 9; echo ${Its}");

            using var key = await Source(("RootKeyCommand", script)).ReadAsync(CancellationToken.None);

            Assert.NotNull(key);
        }
        finally
        {
            Environment.SetEnvironmentVariable(Ours, null);
            Environment.SetEnvironmentVariable(Its, null);
        }
    }

    [Theory]
    [InlineData("/bin/a b  c\td", "/bin/a|b|c|d")]
    [InlineData("/bin/a 'b c' \"d e\"f", "/bin/a|b c|d ef")]
    [InlineData("""/bin/a "say \"x\" \\ \n" '\'""", """/bin/a|say "x" \ \n|\""")]
    [InlineData("/bin/a '' $HOME *.key ~ | ; >x", "/bin/a||$HOME|*.key|~|||;|>x")]
    [InlineData("", "")]
    public void A_command_is_split_at_blanks_outside_of_quotes_and_nothing_else_has_a_meaning(string line, string words)
    {
        Assert.Equal(words, string.Join('|', CommandWords.Split(line)));
    }

    private static RootKeySource? From(params (string Key, string Value)[] settings) =>
        RootKeySource.From(
            new ConfigurationBuilder()
                .AddInMemoryCollection(settings.ToDictionary(s => $"Part:{s.Key}", s => (string?)s.Value))
                .Build()
                .GetSection("Part")
        );

    private static RootKeySource Source(params (string Key, string Value)[] settings) => From(settings)!;

    private void WriteKeyFile(string mode, string content = Digits + "\n")
    {
        File.WriteAllText(KeyFile, content);
        File.SetUnixFileMode(KeyFile, (UnixFileMode)Convert.ToInt32(mode, 8));
    }

    /// <returns>The command that runs these lines.</returns>
    private string Script(string lines)
    {
        var path = Path.Combine(folder.FullName, string.Create(CultureInfo.InvariantCulture, $"script-{lines.Length}"));
        File.WriteAllText(path, lines);
        return $"/bin/sh {path}";
    }
}
