using System.Collections.Concurrent;
using FileSharing.Chunks;
using FileSharing.Cluster.Signing;

namespace FileSharing.Load;

/// <summary>Signed PUT and GET of single chunks of one size, each worker on the nodes in turn.</summary>
internal sealed class ChunkLoad(Target target, Content content, int bytes)
{
    private readonly ConcurrentDictionary<int, byte[]> buffers = new();
    private readonly ConcurrentQueue<ChunkId> stored = new();
    private readonly Guid upload = Guid.NewGuid();
    private int turn;

    public async Task<TimeSpan> PutAsync(int worker, CancellationToken stop)
    {
        var buffer = buffers.GetOrAdd(worker, _ => new byte[bytes]);
        content.Fill(buffer);
        var id = ChunkId.OfChunk(buffer);
        var url = target.Sign(Interlocked.Increment(ref turn), UrlGrant.PutChunk(id, bytes, upload, 0, epoch: 1));
        var begin = TimeProvider.System.GetTimestamp();
        using var body = new ByteArrayContent(buffer);
        using var response = await target.Http.PutAsync(url, body, stop);
        response.EnsureSuccessStatusCode();
        stored.Enqueue(id);
        return TimeProvider.System.GetElapsedTime(begin);
    }

    public async Task<TimeSpan> GetAsync(int worker, CancellationToken stop)
    {
        if (!stored.TryDequeue(out var id))
        {
            throw new InvalidOperationException("GET follows PUT.");
        }

        stored.Enqueue(id);
        var url = target.Sign(Interlocked.Increment(ref turn), UrlGrant.GetChunk(id, bytes));
        var begin = TimeProvider.System.GetTimestamp();
        var read = await target.DrainAsync(url, range: null, buffers.GetOrAdd(worker, _ => new byte[bytes]), stop);
        return read == bytes
            ? TimeProvider.System.GetElapsedTime(begin)
            : throw new InvalidOperationException($"{read} of {bytes} bytes came back.");
    }
}
