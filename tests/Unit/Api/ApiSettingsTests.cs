using FileSharing.Api;
using FileSharing.Cluster.Hosting;
using Microsoft.Extensions.Configuration;

namespace FileSharing.UnitTests.Api;

public sealed class ApiSettingsTests
{
    [Fact]
    public void A_volume_is_down_after_ten_seconds_and_replaced_after_fifteen_minutes_unless_settings_say_otherwise()
    {
        var settings = From();
        Assert.Equal((10, 15 * 60), (settings.DownAfter.TotalSeconds, settings.ReplaceAfter.TotalSeconds));

        settings = From(("DownAfterSeconds", "30"), ("ReplaceAfterMinutes", "60"));
        Assert.Equal((30, 60 * 60), (settings.DownAfter.TotalSeconds, settings.ReplaceAfter.TotalSeconds));
    }

    [Theory]
    [InlineData("20", "1")]
    [InlineData("1", "15")]
    [InlineData("10", "0")]
    public void Times_in_which_a_node_could_not_be_down_before_it_is_cut_off_are_refused(string down, string replace)
    {
        Assert.Throws<SettingException>(() => From(("DownAfterSeconds", down), ("ReplaceAfterMinutes", replace)));
    }

    private static ApiSettings From(params (string Name, string Value)[] cluster) =>
        ApiSettings.From(
            new ConfigurationBuilder()
                .AddInMemoryCollection([
                    new("Api:Postgres", "Host=x"),
                    new("Api:RootKeyFile", "root.key"),
                    new("Api:AdminPasswordFile", "admin-password"),
                    .. cluster.Select(c => new KeyValuePair<string, string?>($"Api:Cluster:{c.Name}", c.Value)),
                ])
                .Build()
        );
}
