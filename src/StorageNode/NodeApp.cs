using FileSharing.Cluster.Hosting;
using FileSharing.StorageNode.Downloads;
using FileSharing.StorageNode.Endpoints;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace FileSharing.StorageNode;

/// <summary>The web host of a node: its limits, and what a request passes before it reaches an endpoint.</summary>
internal static class NodeApp
{
    /// <summary>Answer bytes that a slow client may leave with the connection; decoding runs ahead of sending by this much.</summary>
    private const int ResponseBufferBytesMax = 1 << 20;

    /// <summary>Connections of all kinds; beyond, new ones are turned away.</summary>
    private const int ConnectionsMax = 10_000;

    public static WebApplication Build(
        NodeSettings settings,
        NodeParts parts,
        ContentStreamer streamer,
        ManifestCache manifests,
        Action<ILoggingBuilder> logging
    )
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        logging(builder.Logging);
        // The framework logs whole URLs at Information, and a URL holds its signature.
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning);
        settings.Listen.Apply(builder.WebHost);
        builder.WebHost.ConfigureKestrel(SetLimits);
        builder.Services.AddSingleton<IMemoryPoolFactory<byte>, LargeBlockMemoryPoolFactory>();
        builder.Services.AddSingleton<IHostLifetime, OwnedLifetime>();
        builder.Services.AddRoutingCore();
        builder.Services.AddCors();

        var app = builder.Build();
        var filter = new InternalCallFilter(() => parts.State.Internal, parts.State.Map);
        app.Use(
            (context, next) =>
            {
                context.Response.OnStarting(SetSafeHeaders, context.Response);
                return next(context);
            }
        );
        app.UseCors(policy =>
            policy
                .AllowAnyOrigin()
                .AllowAnyHeader()
                .WithMethods("GET", "HEAD", "PUT", "POST")
                .WithExposedHeaders(
                    "ETag",
                    "Content-Range",
                    "Accept-Ranges",
                    "Repr-Digest",
                    "Content-Disposition",
                    "Retry-After"
                )
                .SetPreflightMaxAge(TimeSpan.FromHours(1))
        );
        app.Use(next => context => Problems.InvokeAsync(context, next, parts.Log));
        app.UseRouting();
        app.Use(next => context => filter.InvokeAsync(context, next));
        Routes.Map(app, parts, streamer, manifests);
        return app;
    }

    private static void SetLimits(KestrelServerOptions options)
    {
        options.Limits.MaxConcurrentConnections = ConnectionsMax;
        options.Limits.MaxResponseBufferSize = ResponseBufferBytesMax;
        options.Limits.Http2.InitialStreamWindowSize = 1 << 20;
        options.Limits.Http2.InitialConnectionWindowSize = 4 << 20;
    }

    /// <summary>Files come from users: a browser must neither guess a type nor run anything.</summary>
    private static Task SetSafeHeaders(object state)
    {
        var headers = ((HttpResponse)state).Headers;
        headers.XContentTypeOptions = "nosniff";
        headers.ContentSecurityPolicy = "sandbox; default-src 'none'";
        return Task.CompletedTask;
    }

    /// <summary>Where it listens, with the port that it got.</summary>
    public static Uri AddressOf(WebApplication app)
    {
        var server = app.Services.GetRequiredService<IServer>();
        return new Uri(server.Features.Get<IServerAddressesFeature>()!.Addresses.First());
    }
}
