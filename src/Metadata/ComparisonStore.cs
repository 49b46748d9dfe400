namespace FileSharing.Metadata;

/// <summary>What one volume found when it compared a partition with another.</summary>
public sealed record ComparisonRow
{
    public int Partition { get; init; }

    /// <summary>Who compared, and fetched what it lacked.</summary>
    public Guid VolumeId { get; init; }

    /// <summary>With whom.</summary>
    public Guid SourceId { get; init; }

    /// <summary>The floor of the map when the comparison began.</summary>
    public long Floor { get; init; }

    /// <summary>What the volume holds of the partition.</summary>
    public long Records { get; init; }

    /// <summary>What the source holds and the volume still does not.</summary>
    public long Lacking { get; init; }

    public long BytesLeft { get; init; }

    public DateTime ReportedAt { get; init; }
}

/// <summary>The newest comparison of each partition, volume and source. Thread-safe.</summary>
public sealed class ComparisonStore(MetadataDb db, TimeProvider time)
{
    private const string Columns = "partition, volume_id, source_id, floor, records, lacking, bytes_left, reported_at";

    /// <summary>Keeps these in place of earlier ones. One that began at a lower floor than what is known says nothing new, and is dropped.</summary>
    /// <param name="reports">Of several of the same partition, volume and source, the last counts. Their time is set here.</param>
    public Task RecordAsync(IReadOnlyList<ComparisonRow> reports, CancellationToken ct)
    {
        var rows = reports.Reverse().DistinctBy(r => (r.Partition, r.VolumeId, r.SourceId)).ToList();
        return db.RunAsync(
            """
            INSERT INTO partition_reports AS known (partition, volume_id, source_id, floor, records, lacking, bytes_left, reported_at)
            SELECT r.*, @now
            FROM unnest(@partitions, @volumes, @sources, @floors, @records, @lacking, @left) AS r
            ON CONFLICT (partition, volume_id, source_id) DO UPDATE
            SET floor = EXCLUDED.floor, records = EXCLUDED.records, lacking = EXCLUDED.lacking, bytes_left = EXCLUDED.bytes_left,
                reported_at = EXCLUDED.reported_at
            WHERE EXCLUDED.floor >= known.floor
            """,
            new
            {
                partitions = rows.ConvertAll(r => r.Partition).ToArray(),
                volumes = rows.ConvertAll(r => r.VolumeId).ToArray(),
                sources = rows.ConvertAll(r => r.SourceId).ToArray(),
                floors = rows.ConvertAll(r => r.Floor).ToArray(),
                records = rows.ConvertAll(r => r.Records).ToArray(),
                lacking = rows.ConvertAll(r => r.Lacking).ToArray(),
                left = rows.ConvertAll(r => r.BytesLeft).ToArray(),
                now = time.GetUtcNow().UtcDateTime,
            },
            ct
        );
    }

    /// <summary>What is known of these partitions.</summary>
    public Task<List<ComparisonRow>> OfAsync(IReadOnlyCollection<int> partitions, CancellationToken ct) =>
        db.ListAsync<ComparisonRow>(
            $"SELECT {Columns} FROM partition_reports WHERE partition = ANY (@partitions)",
            new { partitions = partitions.ToArray() },
            ct
        );

    /// <summary>Everything: up to six rows a partition.</summary>
    public Task<List<ComparisonRow>> AllAsync(CancellationToken ct) =>
        db.ListAsync<ComparisonRow>($"SELECT {Columns} FROM partition_reports", null, ct);

    /// <summary>Forgets what these volumes said, and what was said of them, in these partitions: they have none of it any more.</summary>
    public Task ForgetAsync(IReadOnlyCollection<(int Partition, Guid VolumeId)> gone, CancellationToken ct) =>
        db.RunAsync(
            """
            DELETE FROM partition_reports r USING unnest(@partitions, @volumes) AS g (partition, volume_id)
            WHERE r.partition = g.partition AND (r.volume_id = g.volume_id OR r.source_id = g.volume_id)
            """,
            new
            {
                partitions = gone.Select(pair => pair.Partition).ToArray(),
                volumes = gone.Select(pair => pair.VolumeId).ToArray(),
            },
            ct
        );
}
