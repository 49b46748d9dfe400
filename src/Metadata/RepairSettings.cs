namespace FileSharing.Metadata;

/// <summary>What the cluster tells its nodes with every answer.</summary>
public sealed record RepairLimits
{
    /// <summary>The floor of the map: docs/cluster.md, section 1.</summary>
    public long MapFloor { get; init; }

    /// <summary>Bytes that a volume may fetch a second, for moves and repair together; at least 1.</summary>
    public long RepairBytesPerSecond { get; init; }
}

/// <summary>The floor and the budget of repair, which an administrator may change at any time.</summary>
public sealed class RepairSettings(MetadataDb db)
{
    public async Task<RepairLimits> ReadAsync(CancellationToken ct) =>
        await db.OneAsync<RepairLimits>("SELECT map_floor, repair_bytes_per_second FROM cluster", null, ct)
        ?? throw new InvalidOperationException("The cluster has not been made yet.");

    /// <param name="bytesPerSecond">Of each volume.</param>
    /// <exception cref="MetadataException"><see cref="MetadataError.Invalid"/>: it is not positive.</exception>
    public Task SetBudgetAsync(long bytesPerSecond, CancellationToken ct) =>
        bytesPerSecond > 0
            ? db.RunAsync("UPDATE cluster SET repair_bytes_per_second = @bytesPerSecond", new { bytesPerSecond }, ct)
            : throw new MetadataException(
                MetadataError.Invalid,
                "With a budget of zero nothing would be moved or repaired. Give a number of bytes a second, of each volume."
            );
}
