using System.Net;
using System.Security.Cryptography;
using FileSharing.BlobEngine;
using FileSharing.Chunks.Keys;
using FileSharing.Cluster;
using FileSharing.Cluster.Hosting;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Signing;
using FileSharing.Cluster.Transport;
using FileSharing.Cluster.Wire;
using FileSharing.StorageNode.Downloads;
using FileSharing.StorageNode.Ingest;
using FileSharing.StorageNode.Membership;
using FileSharing.StorageNode.Reclaim;
using FileSharing.StorageNode.Repair;
using FileSharing.StorageNode.Replication;
using FileSharing.StorageNode.Scrub;
using FileSharing.StorageNode.Volumes;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;

namespace FileSharing.StorageNode;

/// <summary>
/// One running storage node: joins (once), opens its volumes, serves, and keeps in touch with the API. <see cref="DisposeAsync"/> stops it in the
/// opposite order; the volumes are closed after everything that uses them, so that their segments are trimmed and the index is flushed.
/// </summary>
public sealed class NodeServer : IAsyncDisposable
{
    /// <summary>Idle buffers kept: records of a few dozen puts.</summary>
    private const long PooledBytesMax = 64L << 20;

    private static readonly TimeSpan InternalCallTimeout = TimeSpan.FromSeconds(30);

    private readonly StopSteps stopping = new();
    private readonly TaskCompletionSource completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private NodeServer() { }

    /// <summary>Where it listens, with the port that it got.</summary>
    public Uri Address { get; private set; } = null!;

    public Guid NodeId { get; private set; }

    /// <summary>The newest cluster map that this node knows.</summary>
    internal MapHolder Map { get; } = new();

    internal VolumeSet Volumes { get; private set; } = null!;

    internal ClusterNews News { get; private set; } = null!;

    internal VolumeSupervisor Supervisor { get; private set; } = null!;

    internal DataKeys DataKeys { get; private set; } = null!;

    /// <summary>Ends when the node must not go on: the cluster refused it. Stop the process.</summary>
    public Task Completion => completion.Task;

    /// <summary>Returns when the node serves. At its first start it waits for the API, to join.</summary>
    /// <param name="peers">Shared by the nodes of one process, else null.</param>
    /// <exception cref="SettingException">A setting makes no sense.</exception>
    /// <exception cref="IOException">Not one volume can be opened: a failed mount, in use, of another cluster, not a volume.</exception>
    public static async Task<NodeServer> StartAsync(
        NodeSettings settings,
        DirectPeers? peers,
        Action<ILoggingBuilder>? logging,
        CancellationToken cancellationToken
    )
    {
        ArgumentNullException.ThrowIfNull(settings);
        var server = new NodeServer();
        try
        {
            await server.RunAsync(
                settings,
                peers ?? new DirectPeers(),
                logging ?? (builder => builder.AddSimpleConsole()),
                cancellationToken
            );
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    private async Task RunAsync(
        NodeSettings settings,
        DirectPeers peers,
        Action<ILoggingBuilder> logging,
        CancellationToken cancellationToken
    )
    {
        var time = TimeProvider.System;
        var logs = stopping.Add(LoggerFactory.Create(logging));
        var log = logs.CreateLogger<NodeServer>();
        var stop = new CancellationTokenSource();
        stopping.Add(stop);

        // 1. Who am I? From the files, or by joining.
        var map = Map;
        var files = new NodeFiles(settings.Data);
        var identity =
            files.ReadIdentity()
            ?? await NodeJoin.RunAsync(settings, files, InternalCallTimeout, time, log, cancellationToken);
        NodeId = identity.NodeId;
        var state = new ClusterState(identity, map, time);
        if (files.ReadMap(identity.Secrets) is { } cached)
        {
            map.Offer(cached);
        }

        // 2. What volumes need: keys and memory.
        var rootKey = settings.RootKey is { } source ? await source.ReadAsync(cancellationToken) : null;
        if (rootKey is null && identity.Secrets.DataKeys.Count > 0)
        {
            throw new SettingException(
                "Node:RootKeyFile",
                "is missing, RootKeyCommand too, and this cluster encrypts its records."
            );
        }

        var keys = stopping.Add(OpenKeys(settings, rootKey, identity.Secrets));
        DataKeys = keys;
        var buffers = stopping.Add(new BufferPool(PooledBytesMax));
        var volumes = new VolumeSet(map, keys);
        Volumes = volumes;
        peers.Add(volumes);
        stopping.Add(() =>
        {
            peers.Remove(volumes);
            return ValueTask.CompletedTask;
        });

        // 3. The ways to the others.
        var sender = identity.NodeId.ToString("D");
        var http = stopping.Add(InternalHttp.Create(state.Internal, sender, map, InternalCallTimeout));
        var health = new PeerHealth(time, new Random(), logs.CreateLogger<PeerHealth>());
        var transport = new DirectTransport(
            peers,
            stopping.Add(new HttpChunkTransport(http, map, health, buffers.Rent))
        );
        var api = new ApiClient(http, settings.ApiUrl);
        var replicas = new ReplicaReader(
            map,
            transport,
            health,
            NodeId,
            RecordCodec.IsIntact,
            time,
            logs.CreateLogger<ReplicaReader>()
        );
        var healer = new Healer(volumes, replicas, logs.CreateLogger<Healer>());
        volumes.DamageFound = healer.Enqueue;
        var calls = new GuardedVolumeCalls(new NodeClient(http, map), health);
        var news = new ClusterNews(map, time);
        News = news;
        var budgets = new RepairBudgets(() => news.Repair, time);
        var random = stopping.Add(RandomNumberGenerator.Create());
        volumes.IsCutOff = () => news.IsCutOff;

        // 4. The volumes, and the work on each while it is open.
        var scrubs = new ScrubJobs();
        var guard = new VolumeGuard(settings.Volumes, identity.NodeId, map);
        var supervisor = stopping.Add(
            new VolumeSupervisor(
                settings.Volumes,
                new VolumeOpener(
                    settings,
                    identity.Secrets.ClusterId,
                    guard,
                    keys,
                    buffers,
                    time,
                    logs.CreateLogger<VolumeOpener>()
                ),
                volumes,
                [
                    new OwedDelivery(map, transport, time, logs.CreateLogger<OwedDelivery>()),
                    new CompactionDaemon(settings.Compaction, time, logs.CreateLogger<CompactionDaemon>()),
                    new ScrubDaemon(settings.Scrub, scrubs, time, logs.CreateLogger<ScrubDaemon>()),
                    new DamageRepair(healer, time),
                    new PartitionSync(
                        map,
                        news,
                        new PartitionComparison(
                            map,
                            volumes,
                            transport,
                            calls,
                            budgets,
                            random,
                            time,
                            logs.CreateLogger<PartitionComparison>()
                        ),
                        new Challenger(calls, random, logs.CreateLogger<Challenger>()),
                        api.ReportPartitionsAsync,
                        settings.PartitionSync,
                        time,
                        logs.CreateLogger<PartitionSync>()
                    ),
                    new StrayDelivery(
                        map,
                        news,
                        transport,
                        calls,
                        budgets,
                        settings.PartitionSync,
                        time,
                        logs.CreateLogger<StrayDelivery>()
                    ),
                ],
                time,
                logs.CreateLogger<VolumeSupervisor>()
            )
        );
        Supervisor = supervisor;
        var registration = new VolumeRegistration(
            api,
            volumes,
            supervisor,
            opened => Describe(settings, opened),
            logs.CreateLogger<VolumeRegistration>()
        );
        var nodeKeys = new NodeKeys(keys, volumes, logs.CreateLogger<NodeKeys>());
        var link = stopping.Add(
            new ClusterLink(
                api,
                state,
                files,
                registration,
                nodeKeys,
                volumes,
                news,
                time,
                logs.CreateLogger<ClusterLink>()
            )
        );
        replicas.RefreshMap = link.TryRefreshAsync;
        volumes.KeyMissing = new KeyFetch(nodeKeys, link.TryRefreshAsync, time).TryProvideAsync;
        // The first map is made of the volumes that the nodes open at their first start.
        await supervisor.StartAsync(isPatient: map.Current is null, cancellationToken);

        // 5. What the endpoints do.
        var settlements = stopping.Add(new SettleQueue(transport, time));
        var writer = new ReplicaWriter(map, transport, settlements, link.TryRefreshAsync);
        var codec = new RecordCodec(keys, new RecordCodecOptions());
        var contents = new ContentReader(volumes, codec, replicas, healer);
        var manifests = new ManifestCache(contents);
        var streamer = new ContentStreamer(contents, new ContentPieces(manifests));
        var parts = new NodeParts(
            settings,
            state,
            volumes,
            supervisor,
            scrubs,
            buffers,
            new ByteBudget(settings.IngressBytesMax, time),
            new ByteBudget(settings.PeerBytesMax, time),
            new ChunkIngest(codec, buffers, writer),
            contents,
            replicas,
            healer,
            transport,
            api,
            stopping.Add(new NotificationQueue(api, time, logs.CreateLogger<NotificationQueue>())),
            time,
            log,
            stop.Token
        );
        var app = NodeApp.Build(settings, parts, streamer, manifests, logging);
        await app.StartAsync(cancellationToken);
        stopping.Add(async () =>
        {
            await stop.CancelAsync();
            await app.StopAsync(CancellationToken.None);
            await app.DisposeAsync();
        });
        Address = NodeApp.AddressOf(app);
        log.Serving(identity.Name, identity.NodeId, Address, volumes.Open.Count);

        // 6. Daemons of the node as a whole.
        stopping.AddDaemon(token => KeepInTouchAsync(link, log, token));
        stopping.AddDaemon(new VolumeWatch(volumes, time, logs.CreateLogger<VolumeWatch>()).RunAsync);
        stopping.AddDaemon(healer.RunAsync);
    }

    private static DataKeys OpenKeys(NodeSettings settings, RootKey? rootKey, ClusterSecrets secrets)
    {
        try
        {
            return new DataKeys(rootKey, secrets.DataKeys, secrets.ActiveDataKey);
        }
        catch (CryptographicException)
        {
            throw new SettingException(
                settings.RootKey!.Setting,
                "gives another root key than the one that sealed this cluster's data keys."
            );
        }
    }

    /// <summary>The node as the API is to know it, with these volumes.</summary>
    private RegisterRequest Describe(NodeSettings settings, IReadOnlyList<RegisterVolume> volumes) =>
        new(NodeId, settings.Listen.PublicUrl ?? Address, settings.Zone, volumes);

    private async Task KeepInTouchAsync(ClusterLink link, ILogger log, CancellationToken cancellationToken)
    {
        try
        {
            await link.RunAsync(cancellationToken);
        }
        catch (NodeCallException refusal)
        {
            log.Refused(refusal.Message);
            completion.TrySetException(refusal);
        }
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            await stopping.DisposeAsync();
        }
        finally
        {
            completion.TrySetResult();
        }
    }
}
