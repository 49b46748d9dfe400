using System.Security.Cryptography;
using FileSharing.Api.Auth;
using FileSharing.Api.Placement;
using FileSharing.Chunks.Keys;
using FileSharing.Cluster.Hosting;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Transport;
using FileSharing.Metadata;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace FileSharing.Api;

/// <summary>One running API: what the service's Program starts, and Standalone inside its own process.</summary>
public sealed class ApiServer : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly TimeSpan joinTokenLifetime;

    private ApiServer(WebApplication app, ApiSettings settings, string? newAdminPassword)
    {
        this.app = app;
        joinTokenLifetime = settings.JoinTokenLifetime;
        NewAdminPassword = newAdminPassword;
        var bound = app
            .Services.GetRequiredService<IServer>()
            .Features.Get<IServerAddressesFeature>()!
            .Addresses.First();
        Address = settings.Listen.PublicUrl ?? new Uri(bound);
        Completion = app.WaitForShutdownAsync();
    }

    /// <summary>What clients are told: the public URL, or the address that is listened on.</summary>
    public Uri Address { get; }

    /// <summary>The password of admin@localhost when this start created the account; it is in the password file too.</summary>
    public string? NewAdminPassword { get; }

    /// <summary>Completes when the server has shut down.</summary>
    public Task Completion { get; }

    /// <summary>Migrates the database, makes cluster and administrator at the first start, and listens. Ready for uploads once enough nodes have registered.</summary>
    /// <exception cref="SettingException">The root key cannot be had.</exception>
    /// <exception cref="Npgsql.NpgsqlException">Postgres cannot be reached.</exception>
    public static async Task<ApiServer> StartAsync(
        ApiSettings settings,
        Action<ILoggingBuilder>? logging,
        CancellationToken ct
    )
    {
        var time = TimeProvider.System;
        var ids = new IdSource(time);
        var root = await settings.RootKey.ReadAsync(ct);
        var db = new MetadataDb(settings.Postgres);
        try
        {
            var applied = await Migrator.MigrateAsync(db, time, ct);
            var cluster = await LoadClusterAsync(db, root, settings, ids, time, ct);
            var password = await FirstStart.EnsureAdministratorAsync(
                new Accounts(db, ids, time),
                settings.AdminPasswordFile,
                ct
            );
            var web = ApiComposition.Build(settings, db, root, cluster, time, logging);
            await web.StartAsync(ct);
            web.Services.GetRequiredService<NodeWatch>().Start();
            var server = new ApiServer(web, settings, password);
            server.LogStart(applied, settings.AdminPasswordFile);
            return server;
        }
        catch
        {
            root.Dispose();
            await db.DisposeAsync();
            throw;
        }
    }

    private static async Task<ClusterState> LoadClusterAsync(
        MetadataDb db,
        RootKey root,
        ApiSettings settings,
        IdSource ids,
        TimeProvider time,
        CancellationToken ct
    )
    {
        try
        {
            return await ClusterState.LoadAsync(
                new ClusterStore(db, time),
                new DataKeyStore(db, time),
                root,
                settings,
                ids,
                time,
                ct
            );
        }
        catch (CryptographicException)
        {
            throw new SettingException(
                settings.RootKey.Setting,
                "gives another root key than the one that sealed this cluster's keys."
            );
        }
    }

    /// <summary>A token that lets one node of that name join, once.</summary>
    public async Task<string> CreateJoinTokenAsync(string? name, CancellationToken ct)
    {
        var registry = app.Services.GetRequiredService<NodeRegistry>();
        return (await registry.CreateTokenAsync(name, joinTokenLifetime, ct)).Token;
    }

    /// <summary>True once there is a cluster map and all its nodes can be reached.</summary>
    public bool IsClusterUp
    {
        get
        {
            var watch = app.Services.GetRequiredService<NodeWatch>();
            return app.Services.GetRequiredService<ClusterState>().Map.Current is { } map
                && map.Nodes.All(n => watch.IsReachable(n.NodeId));
        }
    }

    /// <summary>Finishes the requests in work, within the host's shutdown timeout, and stops.</summary>
    public async ValueTask DisposeAsync()
    {
        await app.StopAsync();
        await app.DisposeAsync();
    }

    private void LogStart(IReadOnlyList<string> applied, string passwordFile)
    {
        var log = app.Services.GetRequiredService<ILogger<ApiServer>>();
        foreach (var name in applied)
        {
            log.Migrated(name);
        }

        if (NewAdminPassword is not null)
        {
            log.AdministratorCreated(FirstStart.AdministratorEmail, passwordFile);
        }

        log.Listening(Address);
    }
}
