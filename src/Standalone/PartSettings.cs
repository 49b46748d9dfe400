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
                ("Api:Listen", Loopback(settings.Port)),
                ("Api:Postgres", postgres),
                ("Api:RootKeyFile", settings.Layout.RootKey),
                ("Api:AdminPasswordFile", settings.Layout.AdminPassword),
                ("Api:Cluster:InitialNodes", settings.Nodes.ToString(CultureInfo.InvariantCulture))
            )
        );

    /// <param name="joinToken">Null for a node that has joined before.</param>
    public NodeSettings Node(int number, Uri api, string? joinToken) =>
        NodeSettings.From(
            With(
                ("Node:Name", number.ToString(CultureInfo.InvariantCulture)),
                ("Node:Listen", Loopback(settings.NodePort(number))),
                ("Node:Data", settings.Layout.Node(number)),
                ("Node:ApiUrl", api.AbsoluteUri),
                ("Node:RootKeyFile", settings.Layout.RootKey),
                ("Node:JoinToken", joinToken)
            )
        );

    private IConfigurationRoot With(params (string Key, string? Value)[] own) =>
        new ConfigurationBuilder()
            .AddConfiguration(configuration)
            .AddInMemoryCollection(own.ToDictionary(pair => pair.Key, pair => pair.Value))
            .Build();

    private static string Loopback(int port) => $"http://127.0.0.1:{port}";
}
