using System.Collections.Concurrent;

namespace FileSharing.StorageNode.Repair;

/// <summary>Does something with many items, a few at a time, on the caller's context: unlike <see cref="Parallel"/>, which would leave the one thread of a simulation.</summary>
internal static class SomeAtOnce
{
    /// <summary>Returns when all are done. After a failure no other begins, and the first one is thrown.</summary>
    public static Task ForEachAsync<T>(IEnumerable<T> items, int max, Func<T, Task> body)
    {
        var left = new ConcurrentQueue<T>(items);
        return Task.WhenAll(Enumerable.Range(0, Math.Min(max, left.Count)).Select(_ => WorkAsync()));

        async Task WorkAsync()
        {
            try
            {
                while (left.TryDequeue(out var item))
                {
                    await body(item);
                }
            }
            catch
            {
                left.Clear();
                throw;
            }
        }
    }
}
