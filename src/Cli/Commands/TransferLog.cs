using FileSharing.Client;
using FileSharing.Client.Folders;

namespace FileSharing.Cli.Commands;

/// <summary>What a put or get of several arguments has done so far. Safe from any thread.</summary>
internal sealed class TransferLog(Output output)
{
    private const int Unauthorized = 401;

    private readonly Lock gate = new();
    private readonly List<TransferredItem> items = [];
    private readonly List<ItemFailure> failures = [];

    public void Add(TransferredItem item)
    {
        lock (gate)
        {
            items.Add(item);
        }
    }

    /// <summary>Names each failure at once, so that a long transfer shows them as they come.</summary>
    public void AddFailures(IEnumerable<ItemFailure> more)
    {
        lock (gate)
        {
            foreach (var failure in more)
            {
                failures.Add(failure);
                output.ItemProblem(failure.Path, failure.Reason);
            }
        }
    }

    /// <summary>Runs one of many; its failure does not stop the others, unless it would be theirs as well.</summary>
    public async Task TryAsync(string path, Func<Task<TransferredItem>> transfer)
    {
        try
        {
            Add(await transfer());
        }
        catch (FileShareException e) when (e.Status != Unauthorized && e.Type != ErrorTypes.Unreachable)
        {
            AddFailures([new ItemFailure(path, e.Type, e.Message)]);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            AddFailures([new ItemFailure(path, ErrorTypes.LocalFile, e.Message)]);
        }
    }

    public TransferLine ToLine()
    {
        lock (gate)
        {
            return new TransferLine([.. items], [.. failures]);
        }
    }
}
