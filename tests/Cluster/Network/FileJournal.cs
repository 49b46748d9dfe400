namespace FileSharing.ClusterTests.Network;

/// <summary>A file that the product acknowledged.</summary>
/// <param name="Sha256">Lower-case hex.</param>
internal sealed record JournalFile(string Name, string FileId, string Sha256);

/// <summary>What was acknowledged, kept by the test: the judge of what may not be lost. Thread-safe.</summary>
internal sealed class FileJournal
{
    private readonly List<JournalFile> files = [];

    public int Count
    {
        get
        {
            lock (files)
            {
                return files.Count;
            }
        }
    }

    public void Add(JournalFile file)
    {
        lock (files)
        {
            files.Add(file);
        }
    }

    public IReadOnlyList<JournalFile> All()
    {
        lock (files)
        {
            return [.. files];
        }
    }

    /// <summary>One of them, of the last few as often as of all.</summary>
    public JournalFile? Random(Random random)
    {
        const int recent = 20;
        lock (files)
        {
            var from = random.Next(2) == 0 ? Math.Max(0, files.Count - recent) : 0;
            return files.Count == 0 ? null : files[random.Next(from, files.Count)];
        }
    }
}
