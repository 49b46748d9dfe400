using FileSharing.Api.Placement;
using FileSharing.Chunks;
using FileSharing.Cluster.Map;
using FileSharing.Metadata;
using FileSharing.UnitTests.Metadata;
using FileSharing.UnitTests.Postgres;
using static FileSharing.UnitTests.Api.Placement.TestCluster;

namespace FileSharing.UnitTests.Api.Placement;

/// <summary>Live versions in Postgres; what the volumes say is up to the test.</summary>
public sealed class LossSearchTests(PostgresFixture postgres) : IAsyncLifetime
{
    private static readonly ListedChunk[] Chunks =
    [
        .. Enumerable.Range(0, 25).Select(i => Library.Chunk($"chunk {i}")),
    ];
    private static readonly HashSet<Guid> None = [];

    private readonly MapHolder maps = new();
    private readonly HashSet<(Guid Volume, ChunkId Id)> held = [];
    private readonly HashSet<Guid> away = [];
    private Library library = null!;

    public async ValueTask InitializeAsync()
    {
        library = await Library.CreateAsync(postgres);
        var user = await library.UserAsync("ann");
        await library.PutAsync(user, await library.RootAsync(user), "a", Chunks);
        var directory = Directory(5);
        maps.Offer(Map(directory, [.. Enumerable.Range(1, 5).Select(n => Volume(n))]));
        foreach (var chunk in Chunks)
        {
            foreach (var owner in maps.Required.OwnersOf(chunk.Id))
            {
                held.Add((owner.VolumeId, chunk.Id));
            }
        }
    }

    public ValueTask DisposeAsync() => library.DisposeAsync();

    [Fact]
    public async Task What_was_on_no_other_volume_is_lost_and_a_copy_left_behind_on_any_of_them_is_not()
    {
        away.UnionWith([Volume(1), Volume(2), Volume(3)]);
        var only = Chunks.Where(c => maps.Required.OwnersOf(c.Id).All(o => away.Contains(o.VolumeId))).ToList();
        Assert.True(only.Count > 1, "the test needs chunks of which all owners are away");
        held.Add((Volume(5), only[0].Id));

        var lost = await AllAsync(away, limit: 1_000);

        Assert.Equal(only.Skip(1).Select(c => c.Id).Order(), lost.Select(item => item.Id));
        Assert.All(lost, item => Assert.Empty(item.MayBeOn));
        Assert.All(lost, item => Assert.Equal(RecordKind.Chunk, item.Kind));
    }

    [Fact]
    public async Task What_may_be_on_a_volume_that_is_away_and_not_given_up_is_not_known_to_be_lost()
    {
        away.UnionWith([Volume(1), Volume(2), Volume(3), Volume(4)]);

        var missing = await AllAsync([Volume(1), Volume(2), Volume(3)], limit: 1_000);

        Assert.NotEmpty(missing);
        Assert.All(missing, item => Assert.Equal([Volume(4)], item.MayBeOn));
    }

    [Fact]
    public async Task Without_names_everything_that_is_nowhere_is_found_and_pages_continue_where_the_last_one_ended()
    {
        foreach (var chunk in Chunks[..7])
        {
            held.RemoveWhere(copy => copy.Id == chunk.Id);
        }

        var all = await AllAsync(None, limit: 3);

        Assert.Equal(Chunks[..7].Select(c => c.Id).Order(), all.Select(item => item.Id));
        Assert.DoesNotContain(
            await AllAsync([Volume(1)], limit: 3),
            item => maps.Required.OwnersOf(item.Id).All(o => o.VolumeId != Volume(1))
        );
    }

    private async Task<List<MissingContent>> AllAsync(HashSet<Guid> named, int limit)
    {
        var search = new LossSearch(library.Contents, maps, AnswerAsync);
        var found = new List<MissingContent>();
        for (WalkPlace? place = WalkPlace.Start; place is { } from; )
        {
            var page = await search.PageAsync(named, named, from, limit, CancellationToken.None);
            Assert.True(page.Items.Count <= limit);
            found.AddRange(page.Items);
            place = page.Next;
        }

        return found;
    }

    private Task<FoundCopies> AnswerAsync(IEnumerable<(MapVolume Volume, ChunkId Id)> questions, CancellationToken ct)
    {
        var asked = questions.ToLookup(q => away.Contains(q.Volume.VolumeId));
        return Task.FromResult(
            new FoundCopies(
                asked[false].Where(q => held.Contains((q.Volume.VolumeId, q.Id))).CountBy(q => q.Id).ToDictionary(),
                asked[true].Select(q => q.Volume.VolumeId).ToHashSet()
            )
        );
    }
}
