namespace FileSharing.Metadata;

/// <summary>What a node says when it asks for news.</summary>
/// <param name="MapVersion">Of the map that it has.</param>
/// <param name="OpenVolumes">Ids of its volumes that are open; null when it did not say: then all of them.</param>
/// <param name="Incarnations">The openings of these, in their order; null when it did not say.</param>
public sealed record Heartbeat(
    Guid NodeId,
    long MapVersion,
    IReadOnlyList<Guid>? OpenVolumes,
    IReadOnlyList<long>? Incarnations = null
);

/// <summary>What a node may be told after its heartbeat was recorded.</summary>
/// <param name="NewestMap">Version of the newest map; 0 when there is none.</param>
/// <param name="Superseded">Volumes of which a later opening is on record than the one that the heartbeat named: somebody else has them open.</param>
public sealed record HeartbeatOutcome(long NewestMap, IReadOnlyCollection<Guid> Superseded);

/// <summary>A registered node as its last heartbeat left it.</summary>
public sealed record NodeBeat
{
    public Guid NodeId { get; init; }

    /// <summary>Changes with every heartbeat. By the clock of whoever wrote it: tell a change by it, never an age.</summary>
    public DateTime? SeenAt { get; init; }
    public long MapVersion { get; init; }

    /// <summary>It was silent for so long that it takes no more records by itself; the next heartbeat ends that.</summary>
    public bool CutOff { get; init; }
}

/// <summary>A registered volume as the last heartbeat in which it was open left it.</summary>
public sealed record VolumeBeat
{
    public Guid VolumeId { get; init; }
    public Guid NodeId { get; init; }

    /// <inheritdoc cref="NodeBeat.SeenAt"/>
    public DateTime? SeenAt { get; init; }

    /// <summary>It, or its node, was not heard of for so long that nobody waits for it.</summary>
    public bool CutOff { get; init; }
}

/// <summary>All of them as of one moment.</summary>
public sealed record Beats(IReadOnlyList<NodeBeat> Nodes, IReadOnlyList<VolumeBeat> Volumes)
{
    /// <summary>Ids of the volumes that nobody waits for.</summary>
    public IReadOnlySet<Guid> VolumesCutOff => Volumes.Where(v => v.CutOff).Select(v => v.VolumeId).ToHashSet();
}

/// <summary>Heartbeats of nodes and volumes, and the floor of the map that follows from them. Thread-safe.</summary>
public sealed class Heartbeats(MetadataDb db, TimeProvider time)
{
    /// <summary>Notes that these nodes and volumes were heard of. Nobody of them is cut off any more. An opening that was superseded is not heard of.</summary>
    /// <returns>Read after the heartbeats were recorded.</returns>
    public async Task<HeartbeatOutcome> RecordAsync(IReadOnlyCollection<Heartbeat> beats, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(beats);
        var silent = beats.Where(beat => beat.OpenVolumes is null).Select(beat => beat.NodeId).ToArray();
        var open = beats.SelectMany(Openings).ToList();
        var openVolumes = open.Select(opening => opening.VolumeId).ToArray();
        var incarnations = open.Select(opening => opening.Incarnation).ToArray();
        await db.RunAsync(
            """
            WITH heard AS (
                UPDATE nodes n SET seen_at = @now, map_version = b.version, cut_off = false
                FROM unnest(@nodes, @versions) AS b (node_id, version) WHERE n.node_id = b.node_id
            )
            UPDATE volumes v SET seen_at = @now, cut_off = false
            WHERE v.node_id = ANY (@silent)
               OR EXISTS (
                   SELECT 1 FROM unnest(@openNodes, @openVolumes, @incarnations) AS o (node_id, volume_id, incarnation)
                   WHERE o.node_id = v.node_id AND o.volume_id = v.volume_id AND o.incarnation >= v.incarnation
               )
            """,
            new
            {
                now = time.GetUtcNow().UtcDateTime,
                nodes = beats.Select(beat => beat.NodeId).ToArray(),
                versions = beats.Select(beat => beat.MapVersion).ToArray(),
                silent,
                openNodes = open.Select(opening => opening.NodeId).ToArray(),
                openVolumes,
                incarnations,
            },
            ct
        );
        // A statement of its own: until the heartbeats were committed, who was cut off is not waited for, and the map that this must name may still come.
        var now = await db.OneAsync<OutcomeRow>(
            """
            SELECT (SELECT coalesce(max(version), 0) FROM cluster_maps) AS newest_map,
                   ARRAY(
                       SELECT v.volume_id FROM volumes v
                       JOIN unnest(@openVolumes, @incarnations) AS o (volume_id, incarnation) USING (volume_id)
                       WHERE v.incarnation > o.incarnation
                   ) AS superseded
            """,
            new { openVolumes, incarnations },
            ct
        );
        return new HeartbeatOutcome(now!.NewestMap, now.Superseded);
    }

    private sealed record OutcomeRow
    {
        public long NewestMap { get; init; }
        public required Guid[] Superseded { get; init; }
    }

    private static IEnumerable<(Guid NodeId, Guid VolumeId, long Incarnation)> Openings(Heartbeat beat) =>
        (beat.OpenVolumes ?? []).Select((volume, i) => (beat.NodeId, volume, beat.Incarnations?[i] ?? long.MaxValue));

    /// <summary>Every registered node and volume.</summary>
    public async Task<Beats> ReadAsync(CancellationToken ct)
    {
        var nodes = await db.ListAsync<NodeBeat>(
            "SELECT node_id, seen_at, map_version, cut_off FROM nodes WHERE registered_at IS NOT NULL",
            null,
            ct
        );
        var volumes = await db.ListAsync<VolumeBeat>(
            "SELECT volume_id, node_id, seen_at, cut_off FROM volumes",
            null,
            ct
        );
        return new Beats(nodes, volumes);
    }

    /// <summary>Marks those as cut off of which nothing was heard since the caller looked.</summary>
    public Task CutOffAsync(
        IReadOnlyCollection<NodeBeat> nodes,
        IReadOnlyCollection<VolumeBeat> volumes,
        CancellationToken ct
    )
    {
        ArgumentNullException.ThrowIfNull(nodes);
        ArgumentNullException.ThrowIfNull(volumes);
        return db.RunAsync(
            """
            WITH silent AS (
                UPDATE nodes n SET cut_off = true FROM unnest(@nodes, @nodesSeen) AS s (node_id, seen_at)
                WHERE n.node_id = s.node_id AND n.seen_at IS NOT DISTINCT FROM s.seen_at
            )
            UPDATE volumes v SET cut_off = true FROM unnest(@volumes, @volumesSeen) AS s (volume_id, seen_at)
            WHERE v.volume_id = s.volume_id AND v.seen_at IS NOT DISTINCT FROM s.seen_at
            """,
            new
            {
                nodes = nodes.Select(node => node.NodeId).ToArray(),
                nodesSeen = nodes.Select(node => node.SeenAt).ToArray(),
                volumes = volumes.Select(volume => volume.VolumeId).ToArray(),
                volumesSeen = volumes.Select(volume => volume.SeenAt).ToArray(),
            },
            ct
        );
    }

    /// <summary>Raises the floor; it never goes back.</summary>
    /// <returns>The floor that holds.</returns>
    public async Task<long> RaiseFloorAsync(CancellationToken ct)
    {
        // In one statement, so that no heartbeat comes between reading the versions and writing their lowest.
        await db.RunAsync(
            """
            UPDATE cluster SET map_floor = f.lowest
            FROM (SELECT min(map_version) AS lowest FROM nodes WHERE registered_at IS NOT NULL AND NOT cut_off) f
            WHERE f.lowest > map_floor
            """,
            null,
            ct
        );
        return await db.OneAsync<long>("SELECT map_floor FROM cluster", null, ct);
    }
}
