using System.Threading.Channels;
using FileSharing.Chunks;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Transport;

namespace FileSharing.Cluster;

/// <summary>
/// Tells the owners of fully replicated records, in batches, that their owed marks may go. Losing an entry loses nothing: the mark stays, and the
/// delivery daemon finds all copies present and lifts it.
/// </summary>
public sealed class SettleQueue : IAsyncDisposable
{
    /// <summary>Entries waiting; beyond, new ones are left to the delivery daemon.</summary>
    private const int WaitingMax = 65_536;

    /// <summary>Ids in one call.</summary>
    private const int BatchMax = 512;

    /// <summary>How long entries gather.</summary>
    private static readonly TimeSpan GatherTime = TimeSpan.FromMilliseconds(25);

    private readonly IChunkTransport transport;
    private readonly TimeProvider time;
    private readonly Channel<(ClusterMap Map, ChunkId Id)> waiting = Channel.CreateBounded<(ClusterMap, ChunkId)>(
        new BoundedChannelOptions(WaitingMax) { SingleReader = true }
    );
    private readonly CancellationTokenSource stopping = new();
    private readonly Task loop;

    public SettleQueue(IChunkTransport transport, TimeProvider time)
    {
        this.transport = transport;
        this.time = time;
        loop = RunAsync();
    }

    /// <summary>All owners under this map have the record durably.</summary>
    public void Add(ClusterMap map, ChunkId id) => waiting.Writer.TryWrite((map, id));

    private async Task RunAsync()
    {
        try
        {
            while (await waiting.Reader.WaitToReadAsync(stopping.Token))
            {
                await Task.Delay(GatherTime, time, stopping.Token);
                await SettleWaitingAsync();
            }
        }
        catch (OperationCanceledException)
        {
            // Stopping: what waits is settled by the delivery daemon after the next start.
        }
    }

    private async Task SettleWaitingAsync()
    {
        var byVolume = new Dictionary<(MapVolume Volume, long MapVersion), List<ChunkId>>();
        for (var taken = 0; taken < BatchMax && waiting.Reader.TryRead(out var entry); taken++)
        {
            foreach (var owner in entry.Map.ReplicasOf(entry.Id).Holders)
            {
                if (!byVolume.TryGetValue((owner, entry.Map.Version), out var ids))
                {
                    byVolume.Add((owner, entry.Map.Version), ids = []);
                }

                ids.Add(entry.Id);
            }
        }

        foreach (var ((volume, mapVersion), ids) in byVolume)
        {
            await transport.SettleAsync(volume, mapVersion, ids, stopping.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        waiting.Writer.TryComplete();
        await stopping.CancelAsync();
        await loop;
        stopping.Dispose();
    }
}
