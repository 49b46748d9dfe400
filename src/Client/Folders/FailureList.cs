using System.Collections.Concurrent;

namespace FileSharing.Client.Folders;

/// <summary>
/// Failures of single items, which do not stop the others. What would fail every further item as well is thrown on instead.
/// </summary>
internal sealed class FailureList
{
    private const int Unauthorized = 401;

    private readonly ConcurrentQueue<ItemFailure> failures = new();

    public IReadOnlyList<ItemFailure> Items => [.. failures];

    public void Add(string path, string type, string reason) => failures.Enqueue(new ItemFailure(path, type, reason));

    /// <summary>Runs one item; its own failure is noted, a failure of the whole is thrown.</summary>
    public async Task TryAsync(string path, Func<Task> item)
    {
        try
        {
            await item();
        }
        catch (FileShareException e) when (e.Status != Unauthorized && e.Type != ErrorTypes.Unreachable)
        {
            Add(path, e.Type, e.Message);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Add(path, ErrorTypes.LocalFile, e.Message);
        }
    }
}
