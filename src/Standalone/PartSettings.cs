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
            With([
                .. Listening("Api", settings.ApiListen, settings.ApiUrl),
                ("Api:Postgres", postgres),
                .. RootKey("Api"),
                ("Api:AdminPasswordFile", settings.Layout.AdminPassword),
                ("Api:Cluster:InitialNodes", settings.Nodes.ToString(CultureInfo.InvariantCulture)),
            ])
        );

    /// <param name="joinToken">Null for a node that has joined before.</param>
    public NodeSettings Node(int number, string? joinToken) =>
        NodeSettings.From(
            With([
                ("Node:Name", number.ToString(CultureInfo.InvariantCulture)),
                .. Listening("Node", settings.NodeListen(number), settings.NodeUrl(number)),
                ("Node:Data", settings.Layout.Node(number)),
                ("Node:ApiUrl", settings.ApiUrl.AbsoluteUri),
                .. RootKey("Node"),
                ("Node:JoinToken", joinToken),
            ])
        );

    /// <summary>One key for all parts, whatever their own sections say.</summary>
    private IEnumerable<(string Key, string? Value)> RootKey(string section) =>
        [
            ($"{section}:RootKeyFile", settings.RootKeyCommand is null ? settings.Layout.RootKey : null),
            ($"{section}:RootKeyCommand", settings.RootKeyCommand),
        ];

    /// <summary>Certificate and permission are those of this process.</summary>
    private IEnumerable<(string Key, string? Value)> Listening(string section, Uri listen, Uri reached)
    {
        var own = configuration.GetSection("Standalone");
        return
        [
            ($"{section}:Listen", listen.AbsoluteUri),
            ($"{section}:PublicUrl", reached.AbsoluteUri),
            ($"{section}:Tls:CertificateFile", own["Tls:CertificateFile"]),
            ($"{section}:Tls:KeyFile", own["Tls:KeyFile"]),
            ($"{section}:AllowPlainHttp", own["AllowPlainHttp"]),
        ];
    }

    private IConfigurationRoot With(IEnumerable<(string Key, string? Value)> own) =>
        new ConfigurationBuilder()
            .AddConfiguration(configuration)
            .AddInMemoryCollection(own.ToDictionary(pair => pair.Key, pair => pair.Value))
            .Build();
}
