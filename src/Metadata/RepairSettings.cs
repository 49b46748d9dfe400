namespace FileSharing.Metadata;

/// <summary>What the cluster tells its nodes with every answer.</summary>
public sealed record RepairLimits
{
    /// <summary>The floor of the map: docs/cluster.md, section 1.</summary>
    public long MapFloor { get; init; }

    /// <summary>Bytes that a volume may fetch a second, for moves and repair together; at least 1.</summary>
    public long RepairBytesPerSecond { get; init; }

    /// <summary>Of its time, that a volume may spend on them; at most 1, for all of it.</summary>
    public double RepairShare { get; init; }
}

/// <summary>The floor and the budget of repair, which an administrator may change at any time.</summary>
public sealed class RepairSettings(MetadataDb db)
{
    /// <summary>The smallest share that can be set: one second of work in almost three hours.</summary>
    public const double ShareMin = 0.0001;

    public async Task<RepairLimits> ReadAsync(CancellationToken ct) =>
        await db.OneAsync<RepairLimits>(
            "SELECT map_floor, repair_bytes_per_second, repair_share FROM cluster",
            null,
            ct
        ) ?? throw new InvalidOperationException("The cluster has not been made yet.");

    /// <param name="bytesPerSecond">Of each volume; null: it stays as it is.</param>
    /// <param name="share">As <see cref="RepairLimits.RepairShare"/>; null: it stays as it is.</param>
    /// <exception cref="MetadataException"><see cref="MetadataError.Invalid"/>: one of them is none.</exception>
    public Task SetBudgetAsync(long? bytesPerSecond, double? share, CancellationToken ct)
    {
        if (bytesPerSecond <= 0)
        {
            throw new MetadataException(
                MetadataError.Invalid,
                "With a budget of zero nothing would be moved or repaired, and copies that are lost would stay lost. Give a number of bytes a second, of each volume: 1000000 leaves the disks almost alone."
            );
        }

        if (share is not (null or (>= ShareMin and <= 1)))
        {
            throw new MetadataException(
                MetadataError.Invalid,
                "With a share of zero nothing would be moved or repaired, and copies that are lost would stay lost. Give a share from 0.0001 to 1, of the time of each volume: 0.01 leaves the disks almost alone."
            );
        }

        return db.RunAsync(
            """
            UPDATE cluster SET repair_bytes_per_second = coalesce(@bytesPerSecond, repair_bytes_per_second),
                               repair_share = coalesce(@share, repair_share)
            """,
            new { bytesPerSecond, share },
            ct
        );
    }
}
