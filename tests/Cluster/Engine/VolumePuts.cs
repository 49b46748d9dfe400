using FileSharing.Cluster;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Transport;
using FileSharing.Cluster.Wire;

namespace FileSharing.ClusterTests.Engine;

/// <summary>Puts to one volume of a node, one after the other.</summary>
internal sealed class VolumePuts(LoneNode node, MapVolume volume, int seed)
{
    private readonly Contents contents = new(seed, node.Codec);
    private readonly List<JournalEntry> acknowledged = [];
    private int number;

    public int Acknowledged => acknowledged.Count;

    /// <summary>Encodes the next content that this volume owns, and sends it.</summary>
    /// <returns>What the node answered, and the length of the record.</returns>
    public async Task<(RecordStatus Status, int RecordBytes)> PutNextAsync()
    {
        var (id, record) = contents.Encode(++number);
        while (node.OwnerOf(id) != volume)
        {
            (id, record) = contents.Encode(++number);
        }

        using var lease = new RecordLease(new UnpooledBytes(record), record.Length);
        var put = new PutRecord(volume, node.Map.Version, Epoch: 1, Owed: false);
        var status = await node.Transport.PutAsync(put, lease, CancellationToken.None);
        if (status.IsDurable())
        {
            acknowledged.Add(new JournalEntry(number, id));
        }

        return (status, record.Length);
    }

    /// <summary>Everything acknowledged comes back as it was.</summary>
    public async Task AssertReadableAsync()
    {
        foreach (var entry in acknowledged)
        {
            var fetched = await node.Transport.GetAsync(volume, entry.Id, answered: () => { }, CancellationToken.None);
            using var record = fetched.Record;
            Assert.Equal(FetchOutcome.Found, fetched.Outcome);
            Assert.True(contents.IsOf(entry.Number, record!.Record.Span), $"{entry.Number} came back wrong");
        }
    }
}
