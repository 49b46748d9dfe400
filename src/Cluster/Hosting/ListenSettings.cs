using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Configuration;

namespace FileSharing.Cluster.Hosting;

/// <summary>
/// Where a process listens, and under which address others reach it. Beyond loopback it serves TLS, or is told in so many words that plain HTTP is wanted.
/// </summary>
public sealed record ListenSettings
{
    /// <summary>Port 0 takes a free one.</summary>
    public required Uri Listen { get; init; }

    /// <summary>What clients and other processes are told; null: the address that is listened on.</summary>
    public Uri? PublicUrl { get; init; }

    public X509Certificate2? Certificate { get; init; }

    /// <param name="section">With Listen, PublicUrl, Tls:CertificateFile, Tls:KeyFile, AllowPlainHttp.</param>
    /// <exception cref="SettingException">A value that makes no sense, or plain HTTP beyond loopback.</exception>
    public static ListenSettings From(IConfigurationSection section, string fallback)
    {
        ArgumentNullException.ThrowIfNull(section);
        var listen = section.Address("Listen") ?? new Uri(fallback);
        if (!IPAddress.TryParse(listen.Host.Trim('[', ']'), out var address))
        {
            throw new SettingException(
                $"{section.Path}:Listen",
                $"'{listen.Host}' is not an IP address; use 127.0.0.1, 0.0.0.0 or one of this machine's."
            );
        }

        var certificate = ReadCertificate(section.GetSection("Tls"));
        if (listen.Scheme == "https" && certificate is null)
        {
            throw new SettingException($"{section.Path}:Tls:CertificateFile", "is missing, and Listen is https.");
        }

        if (certificate is null && !IPAddress.IsLoopback(address) && !section.Flag("AllowPlainHttp", fallback: false))
        {
            throw new SettingException(
                $"{section.Path}:Listen",
                $"{listen} would be reachable from other machines without TLS. Set Tls:CertificateFile and Tls:KeyFile, or AllowPlainHttp=true behind a proxy that serves TLS."
            );
        }

        return new ListenSettings
        {
            Listen = listen,
            PublicUrl = section.Address("PublicUrl"),
            Certificate = certificate,
        };
    }

    /// <summary>Kestrel on this address: HTTP/1.1 and, with TLS, HTTP/2.</summary>
    public void Apply(IWebHostBuilder builder)
    {
        builder.UseKestrel(options =>
        {
            options.AddServerHeader = false;
            options.Listen(
                IPAddress.Parse(Listen.Host.Trim('[', ']')),
                Listen.Port,
                endpoint =>
                {
                    // Without TLS there is no way to agree on HTTP/2.
                    endpoint.Protocols = Certificate is null ? HttpProtocols.Http1 : HttpProtocols.Http1AndHttp2;
                    if (Certificate is not null)
                    {
                        endpoint.UseHttps(Certificate);
                    }
                }
            );
        });
    }

    private static X509Certificate2? ReadCertificate(IConfigurationSection tls)
    {
        if (tls["CertificateFile"] is not { Length: > 0 } certificateFile)
        {
            return null;
        }

        try
        {
            return X509Certificate2.CreateFromPemFile(certificateFile, tls.Required("KeyFile"));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or CryptographicException)
        {
            throw new SettingException(
                $"{tls.Path}:CertificateFile",
                $"certificate and key cannot be read: {error.Message}"
            );
        }
    }
}
