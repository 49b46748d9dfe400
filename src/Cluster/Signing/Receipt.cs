using System.Buffers.Binary;
using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using FileSharing.Chunks;

namespace FileSharing.Cluster.Signing;

/// <summary>One chunk in a receipt, a notification or a part's list.</summary>
/// <param name="Size">Plain bytes, 1 to 10 MiB.</param>
public sealed record ChunkSize(ChunkId Id, int Size);

/// <summary>
/// A node's word that it and one more owner hold these chunks durably, put under this session. Only that session accepts it.
/// </summary>
public sealed record Receipt(
    Guid UploadId,
    int Index,
    uint Epoch,
    IReadOnlyList<ChunkSize> Chunks,
    string Node,
    string Mac
);

/// <summary>Signs and checks receipts, with a key that has no other use. Thread-safe.</summary>
public sealed class ReceiptSigner(ClusterSecrets secrets)
{
    private const string Domain = "fileshare-receipt-1";

    public Receipt Sign(Guid uploadId, int index, uint epoch, IReadOnlyList<ChunkSize> chunks, string node) =>
        new(uploadId, index, epoch, chunks, node, Base64Url.EncodeToString(Mac(uploadId, index, epoch, chunks, node)));

    /// <summary>True when a node of this cluster issued it, unaltered. The caller still compares session, epoch, index and chunks with what it expects.</summary>
    public bool Verify(Receipt receipt)
    {
        ArgumentNullException.ThrowIfNull(receipt);
        Span<byte> given = stackalloc byte[FieldMac.MacBytes];
        return receipt is { Chunks: not null, Node: not null, Mac: not null }
            && Base64Url.TryDecodeFromChars(receipt.Mac, given, out var bytes)
            && bytes == FieldMac.MacBytes
            && CryptographicOperations.FixedTimeEquals(
                given,
                Mac(receipt.UploadId, receipt.Index, receipt.Epoch, receipt.Chunks, receipt.Node)
            );
    }

    private byte[] Mac(Guid uploadId, int index, uint epoch, IReadOnlyList<ChunkSize> chunks, string node)
    {
        const int entryBytes = ChunkId.Bytes + sizeof(uint);
        var list = new byte[chunks.Count * entryBytes];
        for (var i = 0; i < chunks.Count; i++)
        {
            var entry = list.AsSpan(i * entryBytes, entryBytes);
            chunks[i].Id.CopyTo(entry);
            BinaryPrimitives.WriteInt32LittleEndian(entry[ChunkId.Bytes..], chunks[i].Size);
        }

        var mac = new FieldMac(256 + list.Length);
        mac.Add(Domain);
        mac.Add(secrets.ClusterId.ToString("D"));
        mac.Add(uploadId.ToString("D"));
        mac.Add(epoch.ToString(CultureInfo.InvariantCulture));
        mac.Add(index.ToString(CultureInfo.InvariantCulture));
        mac.Add(node);
        mac.Add(list);
        return mac.Finish(secrets.ReceiptKey);
    }
}
