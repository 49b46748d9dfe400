using System.Text.Json;
using System.Text.Json.Serialization;

namespace FileSharing.Metadata;

/// <summary>A volume of a layout.</summary>
/// <param name="Weight">Share of the data relative to the others; 0: it is being drained.</param>
/// <param name="IsReplaced">It is away, and its partitions are made anew elsewhere; it comes back with this weight when it is heard of again.</param>
/// <param name="IsLost">Only with <paramref name="IsReplaced"/>: an administrator has given it up, and accepts that what was nowhere else is lost.</param>
public sealed record LayoutMember(Guid VolumeId, double Weight, bool IsReplaced = false, bool IsLost = false);

/// <summary>Which volumes are to hold how much: staged, applied, or reverted.</summary>
public sealed record Layout
{
    public long LayoutId { get; init; }

    public required IReadOnlyList<LayoutMember> Members { get; init; }

    /// <summary>Owners as indices into <see cref="Members"/>, as the Cluster project writes a table; null while it is staged.</summary>
    public byte[]? TargetTable { get; init; }

    /// <summary>Version of the map that it was made from.</summary>
    public long BaseMapVersion { get; init; }

    /// <summary>E-mail address of the administrator, or <see cref="Automatic"/>.</summary>
    public required string Author { get; init; }

    public required string Reason { get; init; }

    public DateTime CreatedAt { get; init; }

    /// <summary>Author of a layout that the API made by itself.</summary>
    public const string Automatic = "automatic";
}

/// <summary>The newest applied layout, and what is staged for the next one.</summary>
/// <param name="Applied">Null before the first map.</param>
/// <param name="Staged">Null when nothing is staged.</param>
public sealed record Layouts(Layout? Applied, Layout? Staged);

/// <summary>
/// The layouts of the cluster. Several API processes and administrators may work at once: the row of the cluster is the lock, and who changes something says
/// what they saw. Thread-safe.
/// </summary>
public sealed class LayoutStore(MetadataDb db, TimeProvider time)
{
    private const string Columns = "layout_id, state, members, base_map_version, author, reason, created_at";

    // What was applied stays as it is; only whether it is in force changes. So it is read once, and not every second again with its table of 96 KiB.
    private volatile Layout? lastApplied;

    public async Task<Layouts> ReadAsync(CancellationToken ct)
    {
        var known = lastApplied;
        var rows = await db.ListAsync<Row>(
            $"""
            (SELECT {Columns}, CASE WHEN layout_id = @known THEN NULL ELSE target_table END AS target_table
             FROM layouts WHERE state = 'applied' ORDER BY layout_id DESC LIMIT 1)
            UNION ALL (SELECT {Columns}, NULL FROM layouts WHERE state = 'staged')
            """,
            new { known = known?.LayoutId ?? 0 },
            ct
        );
        var newest = rows.Find(row => row.State == "applied");
        var applied = newest is not null && newest.LayoutId == known?.LayoutId ? known : newest?.ToLayout();
        lastApplied = applied;
        return new Layouts(applied, rows.Find(row => row.State == "staged")?.ToLayout());
    }

    /// <summary>Stages these members in place of what is staged.</summary>
    /// <param name="layout">Without a target table.</param>
    /// <param name="seen">What the members were made from.</param>
    /// <returns>False when something was staged or applied since: read and decide anew.</returns>
    public Task<bool> StageAsync(Layout layout, Layouts seen, CancellationToken ct) =>
        ChangeAsync(
            seen,
            async tx =>
            {
                await tx.RunAsync("DELETE FROM layouts WHERE state = 'staged'", null);
                await InsertAsync(tx, layout, "staged");
            },
            ct
        );

    /// <summary>Makes this the layout that is carried out; nothing is staged any more.</summary>
    /// <param name="layout">With its target table.</param>
    /// <param name="stagedThen">What is to be staged after it: what was staged before, with the same change made; null for nothing.</param>
    /// <param name="seen">As in <see cref="StageAsync"/>.</param>
    /// <returns>As <see cref="StageAsync"/>.</returns>
    public Task<bool> ApplyAsync(Layout layout, Layout? stagedThen, Layouts seen, CancellationToken ct) =>
        ChangeAsync(
            seen,
            async tx =>
            {
                await tx.RunAsync("DELETE FROM layouts WHERE state = 'staged'", null);
                await InsertAsync(tx, layout, "applied");
                if (stagedThen is not null)
                {
                    await InsertAsync(tx, stagedThen, "staged");
                }
            },
            ct
        );

    /// <summary>Throws away what is staged; when nothing is, the applied layout gives way to the one before it.</summary>
    /// <param name="seen">As in <see cref="StageAsync"/>.</param>
    /// <returns>As <see cref="StageAsync"/>.</returns>
    /// <exception cref="MetadataException"><see cref="MetadataError.Conflict"/>: there is no layout before the present one.</exception>
    public Task<bool> RevertAsync(Layouts seen, CancellationToken ct) =>
        ChangeAsync(
            seen,
            async tx =>
            {
                if (await tx.RunAsync("DELETE FROM layouts WHERE state = 'staged'", null) > 0)
                {
                    return;
                }

                var applied = await tx.OneAsync<long>("SELECT count(*) FROM layouts WHERE state = 'applied'", null);
                if (applied < 2)
                {
                    throw new MetadataException(
                        MetadataError.Conflict,
                        "Nothing is staged, and there is no layout before this one."
                    );
                }

                await tx.RunAsync(
                    "UPDATE layouts SET state = 'reverted' WHERE layout_id = @id",
                    new { id = seen.Applied!.LayoutId }
                );
            },
            ct
        );

    private Task<bool> ChangeAsync(Layouts seen, Func<Transaction, Task> change, CancellationToken ct) =>
        db.InTransactionAsync(
            async tx =>
            {
                await tx.RunAsync("SELECT 1 FROM cluster FOR UPDATE", null);
                var applied = await tx.OneAsync<long?>(
                    "SELECT max(layout_id) FROM layouts WHERE state = 'applied'",
                    null
                );
                var staged = await tx.OneAsync<long?>("SELECT layout_id FROM layouts WHERE state = 'staged'", null);
                if (applied != seen.Applied?.LayoutId || staged != seen.Staged?.LayoutId)
                {
                    return false;
                }

                await change(tx);
                return true;
            },
            ct
        );

    private Task<int> InsertAsync(Transaction tx, Layout layout, string state) =>
        tx.RunAsync(
            """
            INSERT INTO layouts (state, members, target_table, base_map_version, author, reason, created_at, applied_at)
            VALUES (@state, @members::jsonb, @TargetTable, @BaseMapVersion, @Author, @Reason, @now,
                    CASE WHEN @state = 'applied' THEN @now END)
            """,
            new
            {
                state,
                members = JsonSerializer.Serialize(layout.Members, LayoutJson.Default.IReadOnlyListLayoutMember),
                TargetTable = state == "applied" ? layout.TargetTable : null,
                layout.BaseMapVersion,
                layout.Author,
                layout.Reason,
                now = time.GetUtcNow().UtcDateTime,
            }
        );

    private sealed record Row
    {
        public long LayoutId { get; init; }
        public required string State { get; init; }
        public required string Members { get; init; }
        public byte[]? TargetTable { get; init; }
        public long BaseMapVersion { get; init; }
        public required string Author { get; init; }
        public required string Reason { get; init; }
        public DateTime CreatedAt { get; init; }

        public Layout ToLayout() =>
            new()
            {
                LayoutId = LayoutId,
                Members = JsonSerializer.Deserialize(Members, LayoutJson.Default.IReadOnlyListLayoutMember)!,
                TargetTable = TargetTable,
                BaseMapVersion = BaseMapVersion,
                Author = Author,
                Reason = Reason,
                CreatedAt = CreatedAt,
            };
    }
}

/// <summary>How members lie in the database.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(IReadOnlyList<LayoutMember>))]
internal sealed partial class LayoutJson : JsonSerializerContext;
