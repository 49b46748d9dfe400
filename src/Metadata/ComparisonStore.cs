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

    /// <summary>What these volumes found of these partitions.</summary>
    public Task<List<ComparisonRow>> OfAsync(
        IReadOnlyCollection<int> partitions,
        IReadOnlyCollection<Guid> volumes,
        CancellationToken ct
    ) =>
        partitions.Count == 0
            ? Task.FromResult<List<ComparisonRow>>([])
            : ReadAsync(
                "WHERE partition = ANY (@partitions) AND volume_id = ANY (@volumes)",
                new { partitions = partitions.ToArray(), volumes = volumes.ToArray() },
                ct
            );

    /// <summary>Everything: up to six rows a partition.</summary>
    public Task<List<ComparisonRow>> AllAsync(CancellationToken ct) => ReadAsync("", null, ct);

    /// <summary>A row of the answer for each pair of volumes, not for each partition: while replicas are on the move this is read every second.</summary>
    private async Task<List<ComparisonRow>> ReadAsync(string where, object? args, CancellationToken ct)
    {
        var pairs = await db.ListAsync<PairRow>(
            $"""
            SELECT volume_id, source_id, array_agg(partition) AS partitions, array_agg(floor) AS floors, array_agg(records) AS records,
                   array_agg(lacking) AS lacking, array_agg(bytes_left) AS bytes_left, array_agg(reported_at) AS reported_at
            FROM partition_reports {where} GROUP BY volume_id, source_id
            """,
            args,
            ct
        );
        var rows = new List<ComparisonRow>(pairs.Sum(pair => pair.Partitions.Length));
        foreach (var pair in pairs)
        {
            rows.AddRange(pair.Rows());
        }

        return rows;
    }

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

    private sealed record PairRow
    {
        public Guid VolumeId { get; init; }
        public Guid SourceId { get; init; }
        public required int[] Partitions { get; init; }
        public required long[] Floors { get; init; }
        public required long[] Records { get; init; }
        public required long[] Lacking { get; init; }
        public required long[] BytesLeft { get; init; }
        public required DateTime[] ReportedAt { get; init; }

        public IEnumerable<ComparisonRow> Rows() =>
            Partitions.Select(
                (partition, i) =>
                    new ComparisonRow
                    {
                        Partition = partition,
                        VolumeId = VolumeId,
                        SourceId = SourceId,
                        Floor = Floors[i],
                        Records = Records[i],
                        Lacking = Lacking[i],
                        BytesLeft = BytesLeft[i],
                        ReportedAt = ReportedAt[i],
                    }
            );
    }
}
