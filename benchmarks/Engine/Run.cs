namespace FileSharing.Engine;

/// <summary>How long, where, and how many chunks where that is the question.</summary>
internal sealed record Run(string Data, double Seconds, double WarmUpSeconds, IReadOnlyList<int> Chunks)
{
    private static int made;

    /// <summary>Path of a directory that does not exist yet.</summary>
    public string Fresh() => Path.Combine(Data, $"volume-{Interlocked.Increment(ref made)}");
}
