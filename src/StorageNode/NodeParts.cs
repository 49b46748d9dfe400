using FileSharing.BlobEngine;
using FileSharing.Cluster;
using FileSharing.Cluster.Transport;
using FileSharing.StorageNode.Downloads;
using FileSharing.StorageNode.Ingest;
using FileSharing.StorageNode.Membership;
using FileSharing.StorageNode.Repair;
using FileSharing.StorageNode.Scrub;
using FileSharing.StorageNode.Volumes;
using Microsoft.Extensions.Logging;

namespace FileSharing.StorageNode;

/// <summary>What the endpoints of one node work with.</summary>
internal sealed record NodeParts(
    NodeSettings Settings,
    ClusterState State,
    VolumeSet Volumes,
    VolumeSupervisor Supervisor,
    ScrubJobs Scrubs,
    BufferPool Buffers,
    ByteBudget Ingress,
    ByteBudget Peers,
    ChunkIngest Ingest,
    ContentReader Contents,
    ReplicaReader Replicas,
    Healer Healer,
    IChunkTransport Transport,
    ApiClient Api,
    NotificationQueue Notifications,
    TimeProvider Time,
    ILogger Log,
    CancellationToken Stopping
);
