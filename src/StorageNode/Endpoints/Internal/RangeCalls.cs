using FileSharing.BlobEngine;
using FileSharing.Chunks;
using FileSharing.Cluster.Wire;
using FileSharing.StorageNode.Repair;
using Microsoft.AspNetCore.Http;

namespace FileSharing.StorageNode.Endpoints.Internal;

/// <summary>What a volume holds in a range of ids: digests to see whether two volumes differ, lists to see in what.</summary>
internal static class RangeCalls
{
    public static async Task DigestsAsync(HttpContext context, Guid volumeId, NodeParts node)
    {
        using var use = VolumeCalls.Require(node, volumeId);
        var request = await VolumeCalls.ReadAsync(context, WireJson.Default.DigestRequest);
        if (request is not { Ranges.Count: <= DigestRequest.RangesMax } || request.Ranges.Any(range => !range.IsValid))
        {
            throw BadRange();
        }

        var digests = new List<RangeDigest>(request.Ranges.Count);
        foreach (var range in request.Ranges)
        {
            context.RequestAborted.ThrowIfCancellationRequested();
            digests.Add(RangeRecords.DigestOf(use.Store, range, request.Nonce));
        }

        await Replies.WriteJsonAsync(context, new DigestReply(digests), WireJson.Default.DigestReply);
    }

    public static async Task ListAsync(HttpContext context, Guid volumeId, NodeParts node)
    {
        using var use = VolumeCalls.Require(node, volumeId);
        var request = await VolumeCalls.ReadAsync(context, WireJson.Default.RangeListRequest);
        if (request is not { Range.IsValid: true })
        {
            throw BadRange();
        }

        var records = RangeRecords
            .Of(use.Store, request.Range, request.After ?? request.Range.Before)
            .Take(RangeListReply.RecordsMax)
            .Select(record => new ListedRecord(record.Id, record.TouchEpoch, record.RecordBytes))
            .ToList();
        await Replies.WriteJsonAsync(context, new RangeListReply(records), WireJson.Default.RangeListReply);
    }

    public static async Task ProveAsync(HttpContext context, Guid volumeId, NodeParts node)
    {
        using var use = VolumeCalls.Require(node, volumeId);
        var request = await VolumeCalls.ReadAsync(context, WireJson.Default.ChallengeRequest);
        if (request is not { Ids.Count: <= ChallengeRequest.IdsMax, Nonce.Length: ChallengeRequest.NonceBytes })
        {
            throw new RequestException(
                StatusCodes.Status400BadRequest,
                "bad-challenge",
                $"A challenge has a nonce of {ChallengeRequest.NonceBytes} bytes and at most {ChallengeRequest.IdsMax} ids."
            );
        }

        var proofs = new List<byte[]?>(request.Ids.Count);
        foreach (var id in request.Ids)
        {
            proofs.Add(await TryProveAsync(use.Store, id, request.Nonce, node, context.RequestAborted));
        }

        await Replies.WriteJsonAsync(context, new ChallengeReply(proofs), WireJson.Default.ChallengeReply);
    }

    private static async Task<byte[]?> TryProveAsync(
        BlobStore store,
        ChunkId id,
        byte[] nonce,
        NodeParts node,
        CancellationToken cancellationToken
    )
    {
        try
        {
            return await store.ProveAsync(id, nonce, cancellationToken);
        }
        catch (BlobException error) when (error.Error == BlobError.Damaged)
        {
            node.Healer.Enqueue(store.VolumeId, id);
            return null;
        }
    }

    private static RequestException BadRange() =>
        new(
            StatusCodes.Status400BadRequest,
            "bad-range",
            $"A range has 1 to {Cluster.Map.HashRange.BitsMax} bits and a prefix of as many, and a call at most {DigestRequest.RangesMax} ranges."
        );
}
