using System.Globalization;
using FileSharing.Api;
using FileSharing.StorageNode;
using Microsoft.Extensions.Configuration;

namespace FileSharing.Standalone;

/// <summary>The settings of the parts: the operator's sections, with what follows from the data directory and the port on top.</summary>
internal sealed class PartSettings(StandaloneSettings settings, IConfiguration configuration)
{
    public ApiSettings Api(string postgres) =>
        ApiSettings.From(
            With(
                ("Api:Listen", settings.ApiUrl.AbsoluteUri),
                ("Api:Postgres", postgres),
                ("Api:RootKeyFile", settings.Layout.RootKey),
                ("Api:AdminPasswordFile", settings.Layout.AdminPassword),
                ("Api:Cluster:InitialNodes", settings.Nodes.ToString(CultureInfo.InvariantCulture))
            )
        );

    /// <param name="joinToken">Null for a node that has joined before.</param>
    public NodeSettings Node(int number, string? joinToken) =>
        NodeSettings.From(
            With(
                ("Node:Name", number.ToString(CultureInfo.InvariantCulture)),
                ("Node:Listen", settings.NodeUrl(number).AbsoluteUri),
                ("Node:Data", settings.Layout.Node(number)),
                ("Node:ApiUrl", settings.ApiUrl.AbsoluteUri),
                ("Node:RootKeyFile", settings.Layout.RootKey),
                ("Node:JoinToken", joinToken)
            )
        );

    private IConfigurationRoot With(params (string Key, string? Value)[] own) =>
        new ConfigurationBuilder()
            .AddConfiguration(configuration)
            .AddInMemoryCollection(own.ToDictionary(pair => pair.Key, pair => pair.Value))
            .Build();
}
