using System.Buffers.Binary;
using System.Security.Cryptography;
using FileSharing.BlobEngine;
using FileSharing.Chunks;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Wire;

namespace FileSharing.StorageNode.Repair;

/// <summary>What a volume holds in a range of ids. Records that are known to be damaged are not held.</summary>
internal static class RangeRecords
{
    /// <summary>Entries read from the index at a time.</summary>
    private const int PageMax = 1_000;

    /// <summary>The number of records, and the sum modulo 2^128 of a hash of nonce and id.</summary>
    public static RangeDigest DigestOf(BlobStore store, HashRange range, ulong nonce)
    {
        Span<byte> input = stackalloc byte[sizeof(ulong) + ChunkId.Bytes];
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(input, nonce);
        var sum = UInt128.Zero;
        long records = 0;
        foreach (var record in Of(store, range, range.Before))
        {
            record.Id.CopyTo(input[sizeof(ulong)..]);
            SHA256.HashData(input, hash);
            sum = unchecked(sum + BinaryPrimitives.ReadUInt128LittleEndian(hash));
            records++;
        }

        return new RangeDigest(records, (ulong)(sum >> 64), (ulong)sum);
    }

    /// <summary>Those after an id, in order.</summary>
    public static IEnumerable<RecordInfo> Of(BlobStore store, HashRange range, ChunkId? after)
    {
        while (store.List(after, PageMax, range.Last) is { Count: > 0 } page)
        {
            foreach (var record in page.Where(record => !record.IsDamaged))
            {
                yield return record;
            }

            after = page[^1].Id;
        }
    }
}
