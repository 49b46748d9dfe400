using FileSharing.Chunks;
using FileSharing.Metadata;
using FileSharing.UnitTests.Postgres;

namespace FileSharing.UnitTests.Metadata;

/// <summary>A migrated database with everything that works on it.</summary>
internal sealed class Library : IAsyncDisposable
{
    private Library(MetadataDb db)
    {
        Db = db;
        var time = TimeProvider.System;
        var ids = new IdSource(time);
        Accounts = new Accounts(db, ids, time);
        Tokens = new LoginTokens(db, time);
        Tree = new FileTree(db);
        Changes = new TreeChanges(db, ids, time);
        Shares = new Shares(db, ids, time);
        Groups = new Groups(db, ids, time);
        Teams = new TeamSpaces(db, ids, time);
        Versions = new Versions(db);
        Sessions = new UploadSessions(db, ids, time);
        Proofs = new ChunkProofs(db, Sessions);
        Commit = new UploadCommit(db, Sessions, ids, time);
        Registry = new NodeRegistry(db, ids, time);
        Contents = new Contents(db);
    }

    public MetadataDb Db { get; }
    public Accounts Accounts { get; }
    public LoginTokens Tokens { get; }
    public FileTree Tree { get; }
    public TreeChanges Changes { get; }
    public Shares Shares { get; }
    public Groups Groups { get; }
    public TeamSpaces Teams { get; }
    public Versions Versions { get; }
    public UploadSessions Sessions { get; }
    public ChunkProofs Proofs { get; }
    public UploadCommit Commit { get; }
    public NodeRegistry Registry { get; }
    public Contents Contents { get; }

    public static async Task<Library> CreateAsync(PostgresFixture postgres) =>
        await OpenAsync(await postgres.CreateDatabaseAsync());

    public static async Task<Library> OpenAsync(string connectionString)
    {
        var db = new MetadataDb(connectionString);
        await Migrator.MigrateAsync(db, TimeProvider.System, CancellationToken.None);
        return new Library(db);
    }

    public static ListedChunk Chunk(string text, int size = 1000) =>
        new(ChunkId.OfChunk(System.Text.Encoding.UTF8.GetBytes(text)), size);

    public Task<User> UserAsync(string name) =>
        Accounts.CreateAsync($"{name}@x.org", name, "password", isAdministrator: false, CancellationToken.None);

    public async Task<EntryAccess> RootAsync(User user) =>
        (await Tree.AccessAsync(user.UserId, null, CancellationToken.None))!;

    public async Task<EntryAccess> FolderAsync(User user, EntryAccess parent, string name)
    {
        var id = await Changes.CreateFolderAsync(parent, name, user.UserId, CancellationToken.None);
        return (await Tree.AccessAsync(user.UserId, id, CancellationToken.None))!;
    }

    public Task<UploadSession> OpenAsync(User user, EntryAccess folder, string name, params ListedChunk[] chunks) =>
        Sessions.OpenAsync(
            new NewUpload
            {
                SpaceId = folder.SpaceId,
                UserId = user.UserId,
                ParentId = folder.EntryId,
                Name = name,
                Size = chunks.Sum(c => (long)c.Size),
                MimeType = "text/plain",
                ListComplete = true,
                Chunks = chunks,
            },
            TimeSpan.FromDays(7),
            CancellationToken.None
        );

    /// <summary>What <paramref name="giver"/> gives <paramref name="user"/>; null: an administrator gives it.</summary>
    public Task<Guid> ShareAsync(Entry entry, User user, Permission permission, User? giver) =>
        Shares.PutAsync(entry, user.UserId, PrincipalKind.User, permission, giver?.UserId, CancellationToken.None);

    public Task<Guid> ShareAsync(Entry entry, Group group, Permission permission, User? giver) =>
        Shares.PutAsync(entry, group.GroupId, PrincipalKind.Group, permission, giver?.UserId, CancellationToken.None);

    public async Task UnshareAsync(Guid share) =>
        await Shares.DeleteAsync((await Shares.FindAsync(share, CancellationToken.None))!, CancellationToken.None);

    public Task ProveAsync(UploadSession session, params ListedChunk[] chunks) =>
        Proofs.ApplyAsync(
            [.. chunks.Select(c => new ChunkProof(session.UploadId, c.Id, c.Size))],
            CancellationToken.None
        );

    public async Task<CommittedUpload> FinishAsync(UploadSession session)
    {
        var chunks = await Commit.ProvedChunksAsync(session, CancellationToken.None);
        var content = new UploadContent(chunks[0].Id, RecordKind.Chunk, [], null, "dedup");
        return await Commit.CommitAsync(session, content, CancellationToken.None);
    }

    /// <summary>A whole upload: opened, proved, committed.</summary>
    public async Task<CommittedUpload> PutAsync(User user, EntryAccess folder, string name, params ListedChunk[] chunks)
    {
        var session = await OpenAsync(user, folder, name, chunks);
        await ProveAsync(session, chunks);
        return await FinishAsync(session);
    }

    public Task<HashSet<ListedChunk>> EntitledAsync(User user, params ListedChunk[] chunks) =>
        Proofs.EntitledAsync(user.UserId, chunks, CancellationToken.None);

    public async Task<Permission> PermissionAsync(User user, Guid entry) =>
        (await Tree.AccessAsync(user.UserId, entry, CancellationToken.None))?.Permission ?? Permission.None;

    public ValueTask DisposeAsync() => Db.DisposeAsync();
}
