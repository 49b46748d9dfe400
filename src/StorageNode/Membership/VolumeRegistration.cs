using FileSharing.Cluster.Transport;
using FileSharing.Cluster.Wire;
using FileSharing.StorageNode.Volumes;
using Microsoft.Extensions.Logging;

namespace FileSharing.StorageNode.Membership;

/// <summary>
/// Tells the API which volumes this node has opened, each opening once: also one that comes later, or again. A volume that the cluster refuses is closed,
/// and the others stay.
/// </summary>
/// <param name="describe">The node with these volumes.</param>
internal sealed class VolumeRegistration(
    ApiClient api,
    VolumeSet volumes,
    VolumeSupervisor supervisor,
    Func<IReadOnlyList<RegisterVolume>, RegisterRequest> describe,
    ILogger<VolumeRegistration> log
)
{
    private readonly HashSet<OpenVolume> registered = [];

    /// <summary>Openings of which an attempt may have been recorded, though its answer was lost.</summary>
    private readonly HashSet<OpenVolume> mayBeRecorded = [];

    /// <summary>Registers the openings that the API has not confirmed yet.</summary>
    /// <returns>The API's answer; null when there was nothing to say.</returns>
    /// <exception cref="NodeCallException">The cluster refuses every volume of this node: copies, or rolled back. The node must not serve them.</exception>
    /// <exception cref="HttpRequestException">The API cannot be asked; ask again.</exception>
    public async Task<RegisterReply?> RegisterNewAsync(CancellationToken cancellationToken)
    {
        var open = volumes.Open;
        registered.IntersectWith(open);
        mayBeRecorded.IntersectWith(open);
        var fresh = open.Where(volume => !registered.Contains(volume)).ToList();
        if (fresh.Count == 0)
        {
            return null;
        }

        // All in one call: the first map of the cluster is made of what the nodes have said when the last one has spoken.
        try
        {
            return await RegisterAsync(fresh, cancellationToken);
        }
        catch (NodeCallException refusal) when (refusal.Problem?.Type == Problem.VolumeRefused)
        {
            await RefuseAsync(fresh, refusal, cancellationToken);
            return null;
        }
    }

    /// <summary>A later opening of one of the open volumes is on record, though all were accepted once: another process has a copy of this node's data. Finds out which.</summary>
    /// <param name="refusal">With which the API said so.</param>
    /// <exception cref="NodeCallException">As of <see cref="RegisterNewAsync"/>.</exception>
    public Task RefuseOpenAsync(NodeCallException refusal, CancellationToken cancellationToken) =>
        RefuseAsync([.. volumes.Open], refusal, cancellationToken);

    /// <summary>One of these was refused, and nothing recorded: finds out which.</summary>
    private async Task RefuseAsync(
        List<OpenVolume> fresh,
        NodeCallException refusal,
        CancellationToken cancellationToken
    )
    {
        foreach (var volume in fresh)
        {
            try
            {
                await RegisterAsync([volume], cancellationToken);
            }
            catch (NodeCallException own) when (own.Problem?.Type == Problem.VolumeRefused)
            {
                NoteRefusal(volume);
                supervisor.Refuse(volume, own.Message);
            }
        }

        if (supervisor.Slots.All(slot => slot.Refusal is not null))
        {
            throw refusal;
        }
    }

    private async Task<RegisterReply> RegisterAsync(List<OpenVolume> openings, CancellationToken cancellationToken)
    {
        try
        {
            var reply = await api.RegisterAsync(describe([.. openings.Select(Describe)]), cancellationToken);
            registered.UnionWith(openings);
            openings.ForEach(volume => RefusalNote.Remove(DirectoryOf(volume)));
            log.Registered(openings.Count);
            return reply;
        }
        catch (Exception error) when (!IsSurelyNotRecorded(error))
        {
            mayBeRecorded.UnionWith(openings);
            throw;
        }
    }

    private RegisterVolume Describe(OpenVolume volume) =>
        new(
            volume.VolumeId,
            PreviousIncarnationOf(volume),
            (long)volume.Store.Incarnation,
            volume.CapacityBytes,
            volume.Number
        );

    /// <summary>
    /// The API refuses whoever comes from before what it has recorded: this opening itself, where it may have recorded that already. A volume that was refused does not grow out of it
    /// by being opened again and again.
    /// </summary>
    private long PreviousIncarnationOf(OpenVolume volume)
    {
        var incarnation = (long)volume.Store.Incarnation;
        return registered.Contains(volume) || mayBeRecorded.Contains(volume)
            ? incarnation
            : Math.Min(RefusalNote.Read(DirectoryOf(volume)) ?? long.MaxValue, incarnation - 1);
    }

    private void NoteRefusal(OpenVolume volume)
    {
        try
        {
            RefusalNote.Write(DirectoryOf(volume), PreviousIncarnationOf(volume));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            log.RefusalNotNoted(volume.VolumeId, error.Message);
        }
    }

    private string DirectoryOf(OpenVolume volume) => supervisor.Slots[volume.Number - 1].Directory;

    /// <summary>
    /// True when the API has not been reached or has said no. Only a lost answer lets the next attempt name this opening: a copied volume that waits
    /// for the API must still meet its first question.
    /// </summary>
    private static bool IsSurelyNotRecorded(Exception error) =>
        error switch
        {
            NodeCallException { StatusCode: { } status } => (int)status < 500,
            HttpRequestException http => http.HttpRequestError
                is HttpRequestError.ConnectionError
                    or HttpRequestError.NameResolutionError
                    or HttpRequestError.SecureConnectionError,
            _ => false,
        };
}
