using FileSharing.Metadata;
using FileSharing.UnitTests.Postgres;

namespace FileSharing.UnitTests.Metadata;

public sealed class ComparisonStoreTests(PostgresFixture postgres) : IAsyncLifetime
{
    private readonly SettableTime time = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));
    private readonly Guid one = Guid.NewGuid();
    private readonly Guid other = Guid.NewGuid();
    private Library library = null!;
    private ComparisonStore comparisons = null!;

    public async ValueTask InitializeAsync()
    {
        library = await Library.CreateAsync(postgres);
        comparisons = new ComparisonStore(library.Db, time);
    }

    public ValueTask DisposeAsync() => library.DisposeAsync();

    [Fact]
    public async Task What_was_reported_comes_back_as_it_was()
    {
        var reported = new[] { Row(3, one, other), Row(4, one, other), Row(3, other, one) };
        await RecordAsync(reported);

        var known = await comparisons.AllAsync(CancellationToken.None);

        Assert.Equal(
            reported.Select(row => row with { ReportedAt = time.Now.UtcDateTime }).OrderBy(Key),
            known.Select(row => row with { ReportedAt = row.ReportedAt.ToUniversalTime() }).OrderBy(Key)
        );
    }

    [Fact]
    public async Task Only_what_these_volumes_found_of_these_partitions_is_read()
    {
        await RecordAsync(Row(3, one, other), Row(4, one, other), Row(3, other, one));

        Assert.Equal(Row(3, one, other), Assert.Single(await OfAsync([3], [one])) with { ReportedAt = default });
        Assert.Equal(2, (await OfAsync([3], [one, other])).Count);
        Assert.Empty(await OfAsync([], [one]));
        Assert.Empty(await OfAsync([5], [one]));
    }

    private Task RecordAsync(params ComparisonRow[] rows) => comparisons.RecordAsync(rows, CancellationToken.None);

    private Task<List<ComparisonRow>> OfAsync(int[] partitions, Guid[] volumes) =>
        comparisons.OfAsync(partitions, volumes, CancellationToken.None);

    private static ComparisonRow Row(int partition, Guid volume, Guid source) =>
        new()
        {
            Partition = partition,
            VolumeId = volume,
            SourceId = source,
            Floor = partition + 1,
            Records = partition + 2,
            Lacking = partition + 3,
            BytesLeft = partition + 4,
        };

    private static (int, Guid) Key(ComparisonRow row) => (row.Partition, row.VolumeId);
}
