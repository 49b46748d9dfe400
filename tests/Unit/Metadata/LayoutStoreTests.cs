using FileSharing.Metadata;
using FileSharing.UnitTests.Postgres;

namespace FileSharing.UnitTests.Metadata;

public sealed class LayoutStoreTests(PostgresFixture postgres) : IAsyncLifetime
{
    private static readonly Guid Volume = Guid.NewGuid();

    private Library library = null!;
    private LayoutStore store = null!;

    public async ValueTask InitializeAsync()
    {
        library = await Library.CreateAsync(postgres);
        store = new LayoutStore(library.Db, TimeProvider.System);
        await new ClusterStore(library.Db, TimeProvider.System).EnsureAsync(
            new ClusterIdentity
            {
                ClusterId = Guid.NewGuid(),
                DedupPolicy = "own",
                ChunkingPolicy = "dedup",
            },
            [],
            CancellationToken.None
        );
    }

    public ValueTask DisposeAsync() => library.DisposeAsync();

    [Fact]
    public async Task What_is_staged_and_what_is_applied_come_back_as_they_were()
    {
        Assert.True(await ApplyAsync("first"));
        Assert.True(await StageAsync("next", weight: 2.5));

        var layouts = await ReadAsync();

        Assert.Equal(("first", "next"), (layouts.Applied!.Reason, layouts.Staged!.Reason));
        Assert.Equal([new LayoutMember(Volume, 2.5, IsReplaced: true, IsLost: true)], layouts.Staged.Members);
        Assert.Equal([1, 2, 3], layouts.Applied.TargetTable!);
        Assert.Null(layouts.Staged.TargetTable);
    }

    [Fact]
    public async Task Of_two_who_change_the_layout_at_once_one_is_told_to_look_again()
    {
        await ApplyAsync("first");
        var seen = await ReadAsync();

        Assert.True(await store.StageAsync(Of("one", 1), seen, CancellationToken.None));
        Assert.False(await store.StageAsync(Of("other", 1), seen, CancellationToken.None));
        Assert.False(await store.ApplyAsync(Of("other", 1), null, seen, CancellationToken.None));
        Assert.False(await store.RevertAsync(seen, CancellationToken.None));

        var now = await ReadAsync();
        var attempts = await Task.WhenAll(
            Enumerable.Range(0, 8).Select(_ => store.ApplyAsync(Of("at once", 1), null, now, CancellationToken.None))
        );
        Assert.Single(attempts, applied => applied);
    }

    [Fact]
    public async Task Revert_throws_staged_changes_away_first_and_then_goes_back_layout_by_layout()
    {
        await ApplyAsync("first");
        await ApplyAsync("second");
        await StageAsync("third", 1);

        Assert.True(await store.RevertAsync(await ReadAsync(), CancellationToken.None));
        Assert.Equal(("second", null), ((await ReadAsync()).Applied!.Reason, (await ReadAsync()).Staged));
        Assert.True(await store.RevertAsync(await ReadAsync(), CancellationToken.None));
        Assert.Equal("first", (await ReadAsync()).Applied!.Reason);

        var seen = await ReadAsync();
        var error = await Assert.ThrowsAsync<MetadataException>(() => store.RevertAsync(seen, CancellationToken.None));
        Assert.Equal(MetadataError.Conflict, error.Error);
    }

    [Fact]
    public async Task What_is_staged_may_stay_staged_when_another_layout_is_applied()
    {
        await ApplyAsync("first");
        await StageAsync("by hand", 1);

        Assert.True(
            await store.ApplyAsync(Of("automatic", 1), Of("by hand", 3), await ReadAsync(), CancellationToken.None)
        );

        var layouts = await ReadAsync();
        Assert.Equal(("automatic", "by hand"), (layouts.Applied!.Reason, layouts.Staged!.Reason));
        Assert.Equal(3, layouts.Staged.Members[0].Weight);
    }

    [Fact]
    public async Task An_applied_layout_is_read_once_and_whatever_process_changes_it_is_seen_at_once()
    {
        var elsewhere = new LayoutStore(library.Db, TimeProvider.System);
        await ApplyAsync("first");
        var first = (await ReadAsync()).Applied;
        Assert.Same(first, (await ReadAsync()).Applied);

        await elsewhere.ApplyAsync(
            Of("second", 2) with
            {
                TargetTable = [4, 5, 6],
            },
            null,
            await elsewhere.ReadAsync(CancellationToken.None),
            CancellationToken.None
        );
        var second = (await ReadAsync()).Applied!;
        Assert.Equal(("second", 2), (second.Reason, second.Members[0].Weight));
        Assert.Equal([4, 5, 6], second.TargetTable!);

        await elsewhere.RevertAsync(await elsewhere.ReadAsync(CancellationToken.None), CancellationToken.None);
        var back = (await ReadAsync()).Applied!;
        Assert.Equal("first", back.Reason);
        Assert.Equal([1, 2, 3], back.TargetTable!);
        Assert.Same(back, (await ReadAsync()).Applied);
    }

    private Task<Layouts> ReadAsync() => store.ReadAsync(CancellationToken.None);

    private async Task<bool> ApplyAsync(string reason) =>
        await store.ApplyAsync(Of(reason, 1), null, await ReadAsync(), CancellationToken.None);

    private async Task<bool> StageAsync(string reason, double weight) =>
        await store.StageAsync(Of(reason, weight), await ReadAsync(), CancellationToken.None);

    private static Layout Of(string reason, double weight) =>
        new()
        {
            Members = [new LayoutMember(Volume, weight, IsReplaced: true, IsLost: true)],
            TargetTable = [1, 2, 3],
            BaseMapVersion = 1,
            Author = "admin@localhost",
            Reason = reason,
        };
}
