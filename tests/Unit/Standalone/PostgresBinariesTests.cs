using FileSharing.Standalone.Postgres;

namespace FileSharing.UnitTests.Standalone;

public sealed class PostgresBinariesTests
{
    private static readonly PostgresBinaries[] Installed =
    [
        new(13, "/thirteen"),
        new(17, "/seventeen"),
        new(15, "/fifteen"),
    ];

    [Fact]
    public void New_data_gets_the_newest_installed_server()
    {
        Assert.Equal(17, PostgresBinaries.Choose(Installed, major: null).Major);
    }

    [Fact]
    public void Existing_data_gets_the_server_that_made_it()
    {
        Assert.Equal(15, PostgresBinaries.Choose(Installed, major: 15).Major);
    }

    [Fact]
    public void Data_of_a_version_that_is_not_installed_names_the_package()
    {
        var error = Assert.Throws<PostgresException>(() => PostgresBinaries.Choose(Installed, major: 16));

        Assert.Contains("postgresql-16", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Only_servers_that_are_too_old_count_as_none_and_the_package_is_named()
    {
        var error = Assert.Throws<PostgresException>(() =>
            PostgresBinaries.Choose([new(14, "/fourteen")], major: null)
        );

        Assert.Contains("apt-get install postgresql", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_client_only_installation_is_not_taken_for_a_server()
    {
        using var root = new TemporaryFolder();
        Directory.CreateDirectory(root.At("15", "bin"));
        File.WriteAllText(root.At("15", "bin", "psql"), "");
        Directory.CreateDirectory(root.At("16", "bin"));
        File.WriteAllText(root.At("16", "bin", "postgres"), "");
        File.WriteAllText(root.At("16", "bin", "initdb"), "");

        var found = PostgresBinaries.FindInDebianLayout(root.Path);

        Assert.Equal(16, Assert.Single(found).Major);
    }
}
