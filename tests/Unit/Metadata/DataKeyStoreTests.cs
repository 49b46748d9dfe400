using FileSharing.Chunks.Keys;
using FileSharing.Metadata;
using FileSharing.UnitTests.Postgres;

namespace FileSharing.UnitTests.Metadata;

public sealed class DataKeyStoreTests(PostgresFixture postgres) : IAsyncLifetime
{
    private Library library = null!;
    private DataKeyStore store = null!;

    public async ValueTask InitializeAsync()
    {
        library = await Library.CreateAsync(postgres);
        store = new DataKeyStore(library.Db, TimeProvider.System);
    }

    public ValueTask DisposeAsync() => library.DisposeAsync();

    [Fact]
    public async Task A_new_key_is_pending_until_it_is_activated()
    {
        await MakeClusterAsync(1);

        var made = await AddAsync();

        var before = await store.ReadAsync(CancellationToken.None);
        Assert.Equal((2u, 1u, 2u), (made.Id, before.Active, before.Pending?.Id));
        Assert.True(await store.ActivateAsync(2, CancellationToken.None));
        var after = await store.ReadAsync(CancellationToken.None);
        Assert.Equal((2u, null), (after.Active, after.Pending));
        Assert.Equal([1u, 2], after.Keys.Select(key => key.Id));
        Assert.Equal(made.Wrapped, after.Keys[1].Wrapped);
    }

    [Fact]
    public async Task Two_processes_that_rotate_at_once_make_one_key()
    {
        await MakeClusterAsync(1);

        var attempts = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => ErrorOfAsync(AddAsync())));

        Assert.Single(attempts, error => error is null);
        Assert.Equal(7, attempts.Count(error => error == MetadataError.RotationUnderWay));
        Assert.Equal(2, (await store.ReadAsync(CancellationToken.None)).Keys.Count);
    }

    [Fact]
    public async Task Activating_is_repeated_without_effect_and_never_goes_back()
    {
        await MakeClusterAsync(1);
        await AddAsync();
        Assert.True(await store.ActivateAsync(2, CancellationToken.None));

        Assert.False(await store.ActivateAsync(2, CancellationToken.None));
        Assert.False(await store.ActivateAsync(1, CancellationToken.None));
        Assert.False(await store.ActivateAsync(3, CancellationToken.None));

        Assert.Equal(2u, (await store.ReadAsync(CancellationToken.None)).Active);
    }

    [Fact]
    public async Task After_the_last_id_there_is_no_other()
    {
        await MakeClusterAsync(254);
        await AddAsync();
        await store.ActivateAsync(255, CancellationToken.None);

        Assert.Equal(MetadataError.DataKeysExhausted, await ErrorOfAsync(AddAsync()));
    }

    [Fact]
    public async Task An_id_that_a_node_has_seen_is_not_given_again_by_a_database_that_was_restored()
    {
        await MakeClusterAsync(1);

        Assert.Equal(6u, (await AddAsync(highestSeen: 5)).Id);
    }

    [Fact]
    public async Task A_cluster_without_encryption_gets_no_key()
    {
        await MakeClusterAsync();

        Assert.Equal(MetadataError.NotEncrypted, await ErrorOfAsync(AddAsync()));
        Assert.Equal(0u, (await store.ReadAsync(CancellationToken.None)).Active);
    }

    private Task<WrappedKey> AddAsync(uint highestSeen = 0) =>
        store.AddAsync((id, now) => new WrappedKey(id, now, [1, 2, 3]), highestSeen, CancellationToken.None);

    private Task<ClusterIdentity> MakeClusterAsync(params uint[] dataKeys) =>
        new ClusterStore(library.Db, TimeProvider.System).EnsureAsync(
            new ClusterIdentity
            {
                ClusterId = Guid.NewGuid(),
                DedupPolicy = "own",
                ChunkingPolicy = "dedup",
            },
            [
                .. dataKeys.Select(id => new StoredKey(
                    KeyPurpose.Data,
                    new WrappedKey(id, DateTimeOffset.UnixEpoch, [1])
                )),
            ],
            CancellationToken.None
        );

    private static async Task<MetadataError?> ErrorOfAsync(Task work)
    {
        try
        {
            await work;
            return null;
        }
        catch (MetadataException error)
        {
            return error.Error;
        }
    }
}
