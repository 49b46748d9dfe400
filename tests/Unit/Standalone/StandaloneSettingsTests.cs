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
}
