using FileSharing.Cluster.Wire;
using FileSharing.StorageNode.Volumes;
using Microsoft.AspNetCore.Http;

namespace FileSharing.StorageNode.Endpoints.Internal;

/// <summary><c>GET /internal/v1/status</c>: every directory of the node, also those that are not open.</summary>
internal static class StatusCall
{
    public static Task HandleAsync(HttpContext context, NodeParts node)
    {
        var status = new NodeStatus(
            node.State.NodeId,
            node.State.NodeName,
            node.State.Map.Current?.Version ?? 0,
            [.. node.Supervisor.Slots.Select(StatusOf)]
        );
        return Replies.WriteJsonAsync(context, status, WireJson.Default.NodeStatus);
    }

    private static VolumeStatus StatusOf(VolumeSlot slot)
    {
        var standing = slot.Standing;
        using var use = standing.Volume?.TryEnter();
        if (standing.Volume is not { } volume || use is null)
        {
            var state = standing.State is VolumeState.Open ? VolumeState.Opening : standing.State;
            return Away(slot, null, state, standing.Reason);
        }

        try
        {
            return StatusOf(slot, volume);
        }
        catch (IOException error)
        {
            // The disk or the index does not answer: that is its condition, and no reason to say nothing of the other volumes.
            return Away(slot, volume.VolumeId, VolumeState.Failed, error.Message);
        }
    }

    private static VolumeStatus StatusOf(VolumeSlot slot, OpenVolume volume)
    {
        var stats = volume.Store.Stats();
        return new VolumeStatus(
            slot.Number,
            slot.Directory,
            volume.VolumeId,
            volume.Store.Condition.ToString().ToLowerInvariant(),
            null,
            (long)volume.Store.Incarnation,
            stats.Records,
            stats.LiveRecordBytes,
            stats.DiskBytes,
            stats.FreeBytes,
            stats.Owed,
            stats.DamagedRecords,
            volume.Activity.SegmentsRemoved,
            volume.Activity.BytesReclaimed,
            volume.Activity.ChallengesFailed,
            volume.Activity.BytesFetched,
            volume.Activity.FetchBytesPerSecond,
            [.. volume.Store.StoredKeys.Select(key => key.Id)],
            stats.RecordsByKey
        );
    }

    private static VolumeStatus Away(VolumeSlot slot, Guid? volumeId, VolumeState state, string? reason) =>
        VolumeStatus.Of(slot.Number, slot.Directory, volumeId, state.ToString().ToLowerInvariant(), reason);
}
