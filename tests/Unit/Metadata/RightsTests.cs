using FileSharing.Metadata;
using FileSharing.UnitTests.Postgres;

namespace FileSharing.UnitTests.Metadata;

/// <summary>Who may do what: the one function of rights, with groups, teams and people who give on what they were given.</summary>
public sealed class RightsTests(PostgresFixture postgres) : IAsyncLifetime
{
    private Library library = null!;
    private User owner = null!;
    private User manager = null!;
    private User guest = null!;
    private EntryAccess root = null!;
    private EntryAccess folder = null!;
    private EntryAccess below = null!;

    public async ValueTask InitializeAsync()
    {
        library = await Library.CreateAsync(postgres);
        owner = await library.UserAsync("owner");
        manager = await library.UserAsync("manager");
        guest = await library.UserAsync("guest");
        root = await library.RootAsync(owner);
        folder = await library.FolderAsync(owner, root, "folder");
        below = await library.FolderAsync(owner, folder, "below");
    }

    public ValueTask DisposeAsync() => library.DisposeAsync();

    [Fact]
    public async Task A_share_ends_with_the_right_of_who_gave_it_and_comes_back_with_it()
    {
        var given = await library.ShareAsync(folder, manager, Permission.Manager, owner);
        await library.ShareAsync(below, guest, Permission.Editor, manager);
        Assert.Equal(Permission.Editor, await library.PermissionAsync(guest, below.EntryId));

        await library.ShareAsync(folder, manager, Permission.Editor, owner);
        Assert.Equal(Permission.None, await library.PermissionAsync(guest, below.EntryId));
        Assert.Empty(await library.Tree.SharedWithAsync(guest.UserId, Guid.Empty, 10, CancellationToken.None));

        await library.ShareAsync(folder, manager, Permission.Manager, owner);
        Assert.Equal(Permission.Editor, await library.PermissionAsync(guest, below.EntryId));

        await library.UnshareAsync(given);
        Assert.Equal(Permission.None, await library.PermissionAsync(guest, below.EntryId));
    }

    [Fact]
    public async Task A_right_to_a_folder_gives_nothing_away_above_it()
    {
        await library.ShareAsync(below, manager, Permission.Manager, owner);
        await library.ShareAsync(folder, guest, Permission.Viewer, manager);

        Assert.Equal(Permission.None, await library.PermissionAsync(guest, folder.EntryId));
        Assert.Equal(Permission.None, await library.PermissionAsync(guest, below.EntryId));
    }

    [Fact]
    public async Task Two_who_gave_each_other_the_right_keep_nothing_when_the_owner_takes_it()
    {
        var first = await library.ShareAsync(folder, manager, Permission.Manager, owner);
        await library.ShareAsync(folder, guest, Permission.Manager, manager);
        await library.ShareAsync(folder, manager, Permission.Manager, guest);
        Assert.Equal(Permission.Manager, await library.PermissionAsync(manager, below.EntryId));

        await library.UnshareAsync(first);

        Assert.Equal(Permission.None, await library.PermissionAsync(manager, below.EntryId));
        Assert.Equal(Permission.None, await library.PermissionAsync(guest, below.EntryId));
    }

    [Fact]
    public async Task What_the_owner_gave_does_not_end_with_a_manager_who_gave_the_same_again()
    {
        var given = await library.ShareAsync(folder, manager, Permission.Manager, owner);
        await library.ShareAsync(folder, guest, Permission.Viewer, owner);
        await library.ShareAsync(folder, guest, Permission.Viewer, manager);

        await library.UnshareAsync(given);

        Assert.Equal(Permission.Viewer, await library.PermissionAsync(guest, below.EntryId));
    }

    [Fact]
    public async Task A_member_has_the_rights_of_the_group_until_he_leaves_it()
    {
        var group = await library.Groups.CreateAsync("accounting", CancellationToken.None);
        await library.ShareAsync(folder, group, Permission.Editor, owner);
        Assert.Equal(Permission.None, await library.PermissionAsync(guest, below.EntryId));

        await library.Groups.AddAsync(group.GroupId, guest.UserId, CancellationToken.None);
        Assert.Equal(Permission.Editor, await library.PermissionAsync(guest, below.EntryId));
        var listed = await library.Tree.SharedWithAsync(guest.UserId, Guid.Empty, 10, CancellationToken.None);
        Assert.Equal(folder.EntryId, Assert.Single(listed).EntryId);

        await library.Groups.RemoveAsync(group.GroupId, guest.UserId, CancellationToken.None);
        Assert.Equal(Permission.None, await library.PermissionAsync(guest, below.EntryId));
    }

    [Fact]
    public async Task A_deleted_group_takes_its_shares_along()
    {
        var group = await library.Groups.CreateAsync("accounting", CancellationToken.None);
        await library.Groups.AddAsync(group.GroupId, guest.UserId, CancellationToken.None);
        await library.ShareAsync(folder, group, Permission.Editor, owner);

        Assert.True(await library.Groups.DeleteAsync(group.GroupId, CancellationToken.None));

        Assert.Equal(Permission.None, await library.PermissionAsync(guest, folder.EntryId));
        Assert.Empty(await library.Shares.ListAsync(folder, Guid.Empty, 10, CancellationToken.None));
    }

    [Fact]
    public async Task Somebody_who_manages_through_a_group_gives_on_what_the_group_has()
    {
        var group = await library.Groups.CreateAsync("leads", CancellationToken.None);
        await library.Groups.AddAsync(group.GroupId, manager.UserId, CancellationToken.None);
        await library.ShareAsync(folder, group, Permission.Manager, owner);
        await library.ShareAsync(below, guest, Permission.Viewer, manager);
        Assert.Equal(Permission.Viewer, await library.PermissionAsync(guest, below.EntryId));

        await library.Groups.RemoveAsync(group.GroupId, manager.UserId, CancellationToken.None);

        Assert.Equal(Permission.None, await library.PermissionAsync(guest, below.EntryId));
    }

    [Fact]
    public async Task In_the_space_of_a_team_nobody_has_a_right_until_an_administrator_gives_it()
    {
        var team = await library.Teams.CreateAsync("research", owner.UserId, CancellationToken.None);
        Assert.Equal(Permission.None, await library.PermissionAsync(owner, team.RootId));

        var teamRoot = (await library.Teams.RootAsync(team, CancellationToken.None))!;
        await library.ShareAsync(teamRoot, manager, Permission.Manager, null);
        await library.ShareAsync(teamRoot, guest, Permission.Editor, manager);

        Assert.Equal(Permission.Manager, await library.PermissionAsync(manager, team.RootId));
        Assert.Equal(Permission.Editor, await library.PermissionAsync(guest, team.RootId));
        var seen = await library.Tree.AccessByPathAsync(guest.UserId, "research", [], CancellationToken.None);
        Assert.Equal(("research", team.RootId), (seen!.Owner, seen.EntryId));
    }

    [Theory]
    [InlineData("someone@x.org")]
    [InlineData("a/b")]
    [InlineData("a:b")]
    [InlineData(" ")]
    [InlineData("0190f7a2-7c5e-7d0c-8d8e-3f1b6a1f2c3d")]
    public async Task A_name_that_could_be_taken_for_a_path_an_address_or_an_id_is_refused(string name)
    {
        var refusal = await Assert.ThrowsAsync<MetadataException>(() =>
            library.Groups.CreateAsync(name, CancellationToken.None)
        );
        Assert.Equal(MetadataError.Invalid, refusal.Error);
    }

    /// <summary>Against rights worked out slowly: giver after giver, until nothing changes.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Rights_of_random_shares_are_those_that_follow_from_the_rule(int seed)
    {
        var random = new Random(seed);
        User[] people = [owner, manager, guest, await library.UserAsync("fourth"), await library.UserAsync("fifth")];
        EntryAccess[] path = [root, folder, below];
        var groups = new List<(Group Group, HashSet<Guid> Members)>();
        for (var i = 0; i < 2; i++)
        {
            groups.Add((await library.Groups.CreateAsync($"group {i}", CancellationToken.None), []));
        }

        var shares = new Dictionary<(int Level, Guid With), (Guid Id, Permission Permission, Guid Giver)>();
        for (var step = 0; step < 60; step++)
        {
            await ChangeAsync(random, people, path, groups, shares);
            var asked = people[random.Next(people.Length)];
            var level = random.Next(path.Length);
            Assert.Equal(
                Expected(asked.UserId, level, groups, shares),
                await library.PermissionAsync(asked, path[level].EntryId)
            );
        }
    }

    private async Task ChangeAsync(
        Random random,
        User[] people,
        EntryAccess[] path,
        List<(Group Group, HashSet<Guid> Members)> groups,
        Dictionary<(int Level, Guid With), (Guid Id, Permission Permission, Guid Giver)> shares
    )
    {
        var (group, members) = groups[random.Next(groups.Count)];
        var person = people[random.Next(1, people.Length)];
        var level = random.Next(path.Length);
        switch (random.Next(5))
        {
            case 0 when members.Add(person.UserId):
                await library.Groups.AddAsync(group.GroupId, person.UserId, CancellationToken.None);
                break;
            case 1 when members.Remove(person.UserId):
                await library.Groups.RemoveAsync(group.GroupId, person.UserId, CancellationToken.None);
                break;
            case 2 when shares.Count > 0:
                var (key, ended) = shares.ElementAt(random.Next(shares.Count));
                await library.UnshareAsync(ended.Id);
                shares.Remove(key);
                break;
            default:
                var giver = people[random.Next(people.Length)];
                var permission = (Permission)random.Next((int)Permission.Viewer, (int)Permission.Owner);
                var toGroup = random.Next(3) == 0;
                var id = toGroup
                    ? await library.ShareAsync(path[level], group, permission, giver)
                    : await library.ShareAsync(path[level], person, permission, giver);
                var at = (level, toGroup ? group.GroupId : person.UserId);
                var keepsGiver =
                    shares.TryGetValue(at, out var old) && old.Permission == permission && old.Giver == owner.UserId;
                shares[at] = (id, permission, keepsGiver ? old.Giver : giver.UserId);
                break;
        }
    }

    private Permission Expected(
        Guid asked,
        int level,
        List<(Group Group, HashSet<Guid> Members)> groups,
        Dictionary<(int Level, Guid With), (Guid Id, Permission Permission, Guid Giver)> shares
    )
    {
        bool IsTo(Guid with, Guid user) =>
            with == user || groups.Any(g => g.Group.GroupId == with && g.Members.Contains(user));
        var counting = new HashSet<Guid>();
        bool MayGive(Guid giver, int at) =>
            giver == owner.UserId
            || shares.Any(s =>
                s.Key.Level <= at
                && s.Value.Permission == Permission.Manager
                && counting.Contains(s.Value.Id)
                && IsTo(s.Key.With, giver)
            );
        while (
            shares
                .Where(s => !counting.Contains(s.Value.Id) && MayGive(s.Value.Giver, s.Key.Level))
                .Select(s => s.Value.Id)
                .ToList()
                is { Count: > 0 } more
        )
        {
            counting.UnionWith(more);
        }

        return asked == owner.UserId
            ? Permission.Owner
            : shares
                .Where(s => s.Key.Level <= level && counting.Contains(s.Value.Id) && IsTo(s.Key.With, asked))
                .Select(s => s.Value.Permission)
                .DefaultIfEmpty(Permission.None)
                .Max();
    }
}
