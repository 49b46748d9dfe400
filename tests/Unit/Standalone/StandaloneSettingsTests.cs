using FileSharing.Cluster.Hosting;
using FileSharing.Standalone;

namespace FileSharing.UnitTests.Standalone;

public sealed class StandaloneSettingsTests
{
    [Fact]
    public void Short_options_set_the_data_directory_the_port_and_the_number_of_nodes()
    {
        var settings = StandaloneSettings.From(["--data", "/srv/files", "--port=9000", "--nodes", "5"]);

        Assert.Equal("/srv/files", settings.Data);
        Assert.Equal(9000, settings.Port);
        Assert.Equal(5, settings.Nodes);
    }

    [Fact]
    public void Nodes_listen_from_eleven_above_the_port_of_the_api()
    {
        var settings = StandaloneSettings.From(["--port", "9000"]);

        Assert.Equal(
            [9011, 9012, 9013],
            Enumerable.Range(1, settings.Nodes).Select(number => settings.NodeUrl(number).Port)
        );
    }

    [Theory]
    [InlineData("--port", "0", "Standalone:Port")]
    [InlineData("--port", "65535", "Standalone:Port")]
    [InlineData("--nodes", "2", "Standalone:Nodes")]
    [InlineData("--nodes", "many", "Standalone:Nodes")]
    public void A_value_out_of_range_names_its_setting(string option, string value, string setting)
    {
        var error = Assert.Throws<SettingException>(() => StandaloneSettings.From([option, value]));

        Assert.Equal(setting, error.Setting);
    }

    [Fact]
    public void Without_more_it_listens_on_the_loopback_only()
    {
        var settings = StandaloneSettings.From(["--port", "9000"]);

        Assert.Equal(new Uri("http://127.0.0.1:9000"), settings.ApiListen);
        Assert.Equal(new Uri("http://127.0.0.1:9011"), settings.NodeListen(1));
    }

    [Fact]
    public void Listening_for_others_clients_are_told_the_public_name_with_the_ports_of_API_and_nodes()
    {
        var settings = StandaloneSettings.From([
            "--port",
            "9000",
            "--Standalone:Listen=http://0.0.0.0",
            "--Standalone:AllowPlainHttp=true",
            "--Standalone:PublicUrl=https://files.example.org",
        ]);

        Assert.Equal(new Uri("http://0.0.0.0:9000"), settings.ApiListen);
        Assert.Equal(new Uri("https://files.example.org:9000"), settings.ApiUrl);
        Assert.Equal(new Uri("http://0.0.0.0:9012"), settings.NodeListen(2));
        Assert.Equal(new Uri("https://files.example.org:9012"), settings.NodeUrl(2));
    }

    [Theory]
    [InlineData("Standalone:Listen", "--Standalone:Listen=http://0.0.0.0")]
    [InlineData("Standalone:PublicUrl", "--Standalone:Listen=http://0.0.0.0", "--Standalone:AllowPlainHttp=true")]
    [InlineData("Standalone:Listen", "--Standalone:Listen=http://127.0.0.1:9000")]
    [InlineData("Standalone:PublicUrl", "--Standalone:PublicUrl=https://files.example.org:9000")]
    [InlineData("Standalone:Tls:CertificateFile", "--Standalone:Listen=https://127.0.0.1")]
    public void An_address_that_cannot_work_names_its_setting(string setting, params string[] commandLine)
    {
        var error = Assert.Throws<SettingException>(() => StandaloneSettings.From(commandLine));

        Assert.Equal(setting, error.Setting);
    }

    [Theory]
    [InlineData(null, "/srv/files/root.key")]
    [InlineData("/usr/bin/vault key", null)]
    public void Every_part_takes_the_root_key_from_where_the_process_does(string? command, string? file)
    {
        string[] line =
        [
            "--data",
            "/srv/files",
            "--Node:RootKeyFile=/elsewhere",
            $"--Standalone:RootKeyCommand={command}",
        ];
        var settings = StandaloneSettings.From(line);
        var parts = new PartSettings(settings, Settings.Load(StandaloneSettings.Expand(line)));

        Assert.Equal(command, settings.RootKeyCommand);
        Assert.Equal(file, parts.Api("Host=x").RootKey.File);
        Assert.Equal(file, parts.Node(1, joinToken: null).RootKey!.File);
    }
}
