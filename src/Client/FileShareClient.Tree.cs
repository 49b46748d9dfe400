using System.Runtime.CompilerServices;
using System.Text.Json.Serialization.Metadata;
using FileSharing.Chunks;
using FileSharing.Client.Wire;

namespace FileSharing.Client;

/// <summary>Files, folders and shares.</summary>
public sealed partial class FileShareClient
{
    /// <summary>Stands for the user's own top folder wherever a folder id does.</summary>
    public const string RootFolderId = "root";

    /// <summary>Items a page of a list: the most that the server gives.</summary>
    private const int PageItems = 1_000;

    /// <exception cref="FileShareException">Status 404: there is no such file, or the caller may not see it.</exception>
    public async Task<RemoteItem> GetMetadataAsync(string fileId, CancellationToken cancellation = default)
    {
        var reply = await api.GetAsync(
            $"files/metadata/{Uri.EscapeDataString(fileId)}",
            WireJson.Default.MetadataReply,
            cancellation
        );
        return reply.Metadata with { FileId = fileId };
    }

    /// <summary>What stands at a path.</summary>
    /// <param name="path"><c>/folder/file</c> in the caller's own space, <c>owner@host:/folder/file</c> in that of another user.</param>
    /// <exception cref="FileShareException">Status 404: nothing stands there.</exception>
    public async Task<RemoteItem> GetByPathAsync(string path, CancellationToken cancellation = default)
    {
        var reply = await api.GetAsync(
            $"files/by-path?path={Uri.EscapeDataString(path)}",
            WireJson.Default.MetadataReply,
            cancellation
        );
        return reply.Metadata;
    }

    /// <summary>The chunks of a file's newest version, in order, page by page; none for an empty file.</summary>
    public IAsyncEnumerable<RemoteChunk> ListChunksAsync(string fileId, CancellationToken cancellation = default) =>
        transfers.ListChunksAsync(fileId, cancellation);

    /// <summary>What stands directly in a folder, page by page, in the server's order.</summary>
    public IAsyncEnumerable<RemoteItem> ListChildrenAsync(string folderId, CancellationToken cancellation = default) =>
        ListAsync($"folders/{Uri.EscapeDataString(folderId)}/children", WireJson.Default.PageRemoteItem, cancellation);

    /// <summary>Files and folders that others share with the caller.</summary>
    public IAsyncEnumerable<RemoteItem> ListSharedWithMeAsync(CancellationToken cancellation = default) =>
        ListAsync("files/shared-with-me", WireJson.Default.PageRemoteItem, cancellation);

    /// <returns>The new folder's id.</returns>
    /// <exception cref="FileShareException">Status 409: the name is taken.</exception>
    public async Task<string> CreateFolderAsync(
        string name,
        string? parentId = null,
        CancellationToken cancellation = default
    )
    {
        var reply = await api.SendAsync(
            HttpMethod.Post,
            "folders",
            new AddFolderRequest(name, parentId == RootFolderId ? null : parentId),
            WireJson.Default.AddFolderRequest,
            WireJson.Default.AddFolderReply,
            cancellation
        );
        return reply.FolderId;
    }

    /// <summary>Renames, moves, or both at once; null leaves as it is.</summary>
    /// <exception cref="FileShareException">Status 409: the name is taken there.</exception>
    public Task UpdateAsync(string fileId, string? name, string? parentId, CancellationToken cancellation = default) =>
        api.SendAsync(
            HttpMethod.Patch,
            $"files/{Uri.EscapeDataString(fileId)}",
            new UpdateRequest(name, parentId),
            WireJson.Default.UpdateRequest,
            WireJson.Default.JsonElement,
            cancellation
        );

    /// <summary>Deletes a file, or a folder with everything below it.</summary>
    public Task DeleteAsync(string fileId, CancellationToken cancellation = default) =>
        api.DeleteAsync($"files/{Uri.EscapeDataString(fileId)}", cancellation);

    /// <param name="sharedWith">E-mail address or user id.</param>
    /// <param name="permissions">viewer, editor or manager.</param>
    public Task<ShareReply> ShareAsync(
        string fileId,
        string sharedWith,
        string permissions,
        CancellationToken cancellation = default
    ) =>
        api.SendAsync(
            HttpMethod.Post,
            "files/share",
            new ShareRequest(fileId, sharedWith, permissions),
            WireJson.Default.ShareRequest,
            WireJson.Default.ShareReply,
            cancellation
        );

    public IAsyncEnumerable<RemoteShare> ListSharesAsync(string fileId, CancellationToken cancellation = default) =>
        ListAsync($"files/{Uri.EscapeDataString(fileId)}/shares", WireJson.Default.PageRemoteShare, cancellation);

    public Task DeleteShareAsync(string shareId, CancellationToken cancellation = default) =>
        api.DeleteAsync($"shares/{Uri.EscapeDataString(shareId)}", cancellation);

    private async IAsyncEnumerable<T> ListAsync<T>(
        string path,
        JsonTypeInfo<Page<T>> pageType,
        [EnumeratorCancellation] CancellationToken cancellation,
        string filter = ""
    )
    {
        string? cursor = null;
        do
        {
            var from = cursor is null ? "" : $"&cursor={Uri.EscapeDataString(cursor)}";
            var page = await api.GetAsync($"{path}?limit={PageItems}{filter}{from}", pageType, cancellation);
            foreach (var item in page.Items)
            {
                yield return item;
            }

            cursor = page.NextCursor;
        } while (cursor is not null);
    }
}
