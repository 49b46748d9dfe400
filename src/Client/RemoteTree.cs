namespace FileSharing.Client;

/// <summary>Finds and makes what remote paths name.</summary>
public sealed class RemoteTree(FileShareClient client)
{
    private const int NotFound = 404;
    private const int Conflict = 409;

    private static readonly RemoteItem OwnRoot = new()
    {
        FileId = FileShareClient.RootFolderId,
        Name = "/",
        Kind = RemoteItem.FolderKind,
    };

    /// <exception cref="FileShareException">Status 404 or <see cref="ErrorTypes.NotFound"/>: nothing stands there.</exception>
    public async Task<RemoteItem> GetAsync(RemotePath path, CancellationToken cancellation) =>
        await FindAsync(path, cancellation)
        ?? throw new FileShareException(
            ErrorTypes.NotFound,
            $"There is no {path} on the server, or you may not see it."
        );

    /// <returns>Null when nothing stands there.</returns>
    public async Task<RemoteItem?> FindAsync(RemotePath path, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (path is { IsRoot: true, RootId: null, Space: null })
        {
            return OwnRoot;
        }

        try
        {
            return path.RootId is null
                ? await client.GetByPathAsync(path.ToString(), cancellation)
                : await WalkAsync(path.RootId, path.Segments, cancellation);
        }
        catch (FileShareException e) when (e.Status == NotFound)
        {
            return null;
        }
    }

    /// <summary>The folder's id, after creating it and its parents where they are missing.</summary>
    /// <exception cref="FileShareException"><see cref="ErrorTypes.WrongKind"/>: a file stands in the way.</exception>
    public async Task<string> EnsureFolderAsync(RemotePath path, CancellationToken cancellation)
    {
        var item = await FindAsync(path, cancellation);
        if (item is null && path.IsRoot)
        {
            item = await GetAsync(path, cancellation);
        }

        if (item is null)
        {
            var parentId = await EnsureFolderAsync(path.Parent, cancellation);
            try
            {
                return await client.CreateFolderAsync(path.Name, parentId, cancellation);
            }
            catch (FileShareException e) when (e.Status == Conflict)
            {
                item = await GetAsync(path, cancellation); // Somebody was faster.
            }
        }

        return item.IsFolder
            ? item.FileId
            : throw new FileShareException(ErrorTypes.WrongKind, $"{path} is a file; a folder is needed there.");
    }

    private async Task<RemoteItem?> WalkAsync(
        string rootId,
        IReadOnlyList<string> names,
        CancellationToken cancellation
    )
    {
        var item = await client.GetMetadataAsync(rootId, cancellation);
        foreach (var name in names)
        {
            var next = await client
                .ListChildrenAsync(item.FileId, cancellation)
                .FirstOrDefaultAsync(child => child.Name == name, cancellation);
            if (next is null)
            {
                return null;
            }

            item = next;
        }

        return item;
    }
}
