using System.Collections.Concurrent;

namespace FileSharing.Client;

/// <summary>
/// Asks the nodes that signed URLs name, one after the other, until one does what is asked. Who lately gave no answer is asked last, and all but the last get
/// little time: a node that hangs, or that the network has lost, costs a client seconds, and not each of its requests.
/// </summary>
internal sealed class NodeRound(TimeProvider time)
{
    /// <summary>For so long a node that gave no answer is asked last, unless it has answered since.</summary>
    public static readonly TimeSpan FailureMemory = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<string, long> silentSince = new();

    /// <param name="urls">The same right at several nodes, the preferred first.</param>
    /// <param name="ask">What to do with one of them. Only what it throws as <see cref="FileShareException"/> leads to the next.</param>
    /// <param name="brief">The time for all but the last.</param>
    /// <returns>Null when one of them did it; else why each did not, in the order of asking.</returns>
    public async Task<IReadOnlyList<FileShareException>?> AskAsync(
        IEnumerable<Uri> urls,
        Patience brief,
        Func<Uri, Patience, Task> ask
    )
    {
        var order = urls.OrderBy(IsSilent).ToList();
        var refusals = new List<FileShareException>();
        for (var i = 0; i < order.Count; i++)
        {
            try
            {
                await ask(order[i], i < order.Count - 1 ? brief : Patience.Full);
                silentSince.TryRemove(order[i].Authority, out _);
                return null;
            }
            catch (FileShareException refusal)
            {
                refusals.Add(refusal);
                if (refusal.Type == ErrorTypes.Unreachable)
                {
                    silentSince[order[i].Authority] = time.GetTimestamp();
                }
            }
        }

        return refusals;
    }

    private bool IsSilent(Uri url) =>
        silentSince.TryGetValue(url.Authority, out var since) && time.GetElapsedTime(since) < FailureMemory;
}
