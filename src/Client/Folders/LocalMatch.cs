using System.Security.Cryptography;
using FileSharing.Client.Upload;

namespace FileSharing.Client.Folders;

/// <summary>
/// Whether a local and a remote file hold the same bytes, without moving any: the size, then the fingerprint where the server knows it, else the
/// list of chunks as this client would cut the local file. Times are not looked at: a wrong clock must not leave an old version in place.
/// </summary>
internal static class LocalMatch
{
    public static async Task<bool> IsSameAsync(
        TransferContext context,
        string path,
        RemoteItem remote,
        CancellationToken cancellation
    )
    {
        if (remote.IsFolder || LocalFile.Stat(path).Size != remote.Size)
        {
            return false;
        }

        await using var local = LocalFile.Open(path);
        return remote.Size == 0
            || (
                remote.Fingerprint is { } fingerprint
                    ? Convert.ToHexStringLower(await SHA256.HashDataAsync(local, cancellation)) == fingerprint
                    : await HasSameChunksAsync(context, local, remote, cancellation)
            );
    }

    /// <summary>Stops at the first chunk that differs. A file that was cut in another way counts as different, which costs a version and no bytes.</summary>
    private static async Task<bool> HasSameChunksAsync(
        TransferContext context,
        Stream local,
        RemoteItem remote,
        CancellationToken cancellation
    )
    {
        var windowBytes = ChunkReader.WindowBytes(context.Policy, remote.Size);
        await context.WindowBytes.TakeAsync(windowBytes, cancellation);
        try
        {
            using var reader = new ChunkReader(local, context.Policy, windowBytes);
            await foreach (var chunk in context.ListChunksAsync(remote.FileId, cancellation))
            {
                var plaintext = await reader.NextAsync(cancellation);
                if (plaintext.Length != chunk.Size || Chunks.ChunkId.OfChunk(plaintext.Span) != chunk.Id)
                {
                    return false;
                }
            }

            return reader.BytesGiven == remote.Size;
        }
        finally
        {
            context.WindowBytes.Give(windowBytes);
        }
    }
}
