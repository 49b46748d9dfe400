using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using System.Threading.RateLimiting;
using FileSharing.Api.Auth;
using FileSharing.Api.Background;
using FileSharing.Api.Frontends.Internal;
using FileSharing.Api.Frontends.Rest;
using FileSharing.Api.Placement;
using FileSharing.Api.Uploads;
using FileSharing.Chunks.Keys;
using FileSharing.Cluster.Hosting;
using FileSharing.Cluster.Signing;
using FileSharing.Cluster.Transport;
using FileSharing.Cluster.Wire;
using FileSharing.Metadata;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace FileSharing.Api;

/// <summary>Wires the parts together, in the order in which a request meets them.</summary>
internal static class ApiComposition
{
    private static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(15);

    /// <summary>Of one control call to a node: a manifest of 10 MiB on a slow disk, or 1,000 adopted chunks that are read and checked.</summary>
    private static readonly TimeSpan NodeCallTimeout = TimeSpan.FromSeconds(30);

    public static WebApplication Build(
        ApiSettings settings,
        MetadataDb db,
        RootKey root,
        ClusterState cluster,
        TimeProvider time,
        Action<ILoggingBuilder>? logging
    )
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseKestrelHttpsConfiguration();
        settings.Listen.Apply(builder.WebHost);
        builder.WebHost.ConfigureKestrel(k => k.Limits.MaxRequestBodySize = Limits.BodyBytesMax);
        builder.Logging.SetMinimumLevel(LogLevel.Information).AddFilter("Microsoft", LogLevel.Warning);
        logging?.Invoke(builder.Logging);
        builder.Services.AddSingleton<IHostLifetime, OwnedLifetime>();
        builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = ShutdownTimeout);
        AddParts(builder.Services, settings, db, root, cluster, time);
        AddHttp(builder.Services);
        var app = builder.Build();
        Use(app, cluster);
        return app;
    }

    private static void AddParts(
        IServiceCollection services,
        ApiSettings settings,
        MetadataDb db,
        RootKey root,
        ClusterState cluster,
        TimeProvider time
    )
    {
        services.AddSingleton(settings).AddSingleton(time).AddSingleton(cluster);

        // By factory, so that the container closes them last, after everything that uses them.
        services.AddSingleton(_ => db).AddSingleton(_ => root);
        services.AddSingleton<IdSource>();
        services.AddSingleton<Accounts>().AddSingleton<LoginTokens>().AddSingleton<IdempotencyKeys>();
        services.AddSingleton<Groups>();
        services.AddSingleton<FileTree>().AddSingleton<TreeChanges>().AddSingleton<Shares>().AddSingleton<Versions>();
        services.AddSingleton<UploadSessions>().AddSingleton<ChunkProofs>().AddSingleton<UploadCommit>();
        services.AddSingleton<Contents>().AddSingleton<ClusterStore>().AddSingleton<NodeRegistry>();

        services.AddSingleton(cluster.Map).AddSingleton(cluster.Secrets);
        services.AddSingleton<InternalAuth>().AddSingleton<UrlSigner>().AddSingleton<ReceiptSigner>();
        services.AddSingleton(s => new NodeClient(Http(s, NodeCallTimeout), cluster.Map));
        services.AddSingleton(s => new PeerHealth(time, new Random(), s.GetRequiredService<ILogger<PeerHealth>>()));
        services.AddSingleton(s => new GuardedVolumeCalls(
            s.GetRequiredService<NodeClient>(),
            s.GetRequiredService<PeerHealth>()
        ));
        services.AddSingleton(s => new NodeWatch(Http(s, Timeout.InfiniteTimeSpan), cluster.Map, time));

        services.AddSingleton<LoginThrottle>().AddSingleton<Access>();
        services.AddSingleton<MapMaker>().AddSingleton<NodeUrls>().AddSingleton<NodeStates>().AddSingleton<Scrub>();
        services.AddSingleton<Adoption>().AddSingleton<UploadOpening>().AddSingleton<UploadCompletion>();
        services.AddSingleton<CopyAudit>().AddHostedService(s => s.GetRequiredService<CopyAudit>());
        services.AddSingleton<DataKeyStore>().AddSingleton<KeyRotation>();
        services.AddSingleton<Heartbeats>().AddSingleton<ComparisonStore>().AddSingleton<LayoutStore>();
        services.AddSingleton<RepairSettings>().AddSingleton<HeartbeatRecorder>().AddSingleton<RepairLimitsCache>();
        services
            .AddSingleton<LayoutChanges>()
            .AddSingleton<LayoutAdmin>()
            .AddSingleton<LossAdmin>()
            .AddSingleton<CopySearch>()
            .AddSingleton<ContentUses>()
            .AddSingleton<PartitionEvidence>()
            .AddSingleton<RepairStatus>();
        services.AddSingleton(s => new LossSearch(
            s.GetRequiredService<Contents>(),
            cluster.Map,
            s.GetRequiredService<CopySearch>().AskAsync
        ));
        services.AddHostedService<LayoutDriver>();
        services.AddHostedService<MapRefresh>().AddHostedService<KeyDistribution>().AddHostedService<Sweep>();

        HttpClient Http(IServiceProvider s, TimeSpan timeout) =>
            InternalHttp.Create(s.GetRequiredService<InternalAuth>(), InternalAuth.ApiSender, cluster.Map, timeout);
    }

    private static void AddHttp(IServiceCollection services)
    {
        services.ConfigureHttpJsonOptions(json =>
        {
            json.SerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
            json.SerializerOptions.NumberHandling = JsonNumberHandling.Strict;
            json.SerializerOptions.TypeInfoResolver = JsonTypeInfoResolver.Combine(RestJson.Default, WireJson.Default);
        });
        services.Configure<RouteHandlerOptions>(o => o.ThrowOnBadRequest = true);
        services.AddExceptionHandler<Problems>();
        services.AddOpenApi("v1", OpenApiDocument.Configure);
        services.AddRateLimiter(limiter =>
        {
            limiter.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
            limiter.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, string>(_ =>
                RateLimitPartition.GetConcurrencyLimiter("all", _ => Concurrent(Limits.RequestsMax, Limits.RequestsMax))
            );
            limiter.AddPolicy(
                RestRoutes.LoginPolicy,
                _ =>
                    RateLimitPartition.GetConcurrencyLimiter(
                        RestRoutes.LoginPolicy,
                        _ => Concurrent(Limits.LoginsMax, Limits.LoginsWaitingMax)
                    )
            );
        });
    }

    private static ConcurrencyLimiterOptions Concurrent(int atOnce, int waiting) =>
        new()
        {
            PermitLimit = atOnce,
            QueueLimit = waiting,
            QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
        };

    private static void Use(WebApplication app, ClusterState cluster)
    {
        app.UseExceptionHandler(_ => { });
        app.UseStatusCodePages(c => Problems.WriteForStatusAsync(c.HttpContext));
        app.UseSwaggerUI(ui =>
        {
            ui.RoutePrefix = "docs";
            ui.SwaggerEndpoint("/openapi/v1.json", "FileShare");
        });
        app.UseRouting();
        app.UseRateLimiter();
        var auth = app.Services.GetRequiredService<InternalAuth>();
        var filter = new InternalCallFilter(() => auth, cluster.Map);
        app.Use(AllowInternalBodies);
        app.Use(filter.InvokeAsync);
        app.UseMiddleware<Authentication>();
        app.UseMiddleware<Idempotency>();
        app.MapOpenApi("/openapi/{documentName}.json").For(Caller.Anyone);
        RestRoutes.Map(app);
        InternalRoutes.Map(app);
    }

    private static Task AllowInternalBodies(HttpContext context, RequestDelegate next)
    {
        if (context.Request.Path.StartsWithSegments(InternalCallFilter.PathPrefix, StringComparison.OrdinalIgnoreCase))
        {
            context.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize =
                Limits.InternalBodyBytesMax;
        }

        return next(context);
    }
}
