namespace FileSharing.UnitTests.Simulation;

/// <summary>
/// Goes through a trace and knows at each place what is durable and what is not; from both it makes the disk that a start after a power cut at this
/// place finds. What is not durable is per file and per directory a list in order, any part of which may have reached the disk.
/// </summary>
internal sealed class CrashWalk
{
    private readonly Dictionary<string, int> names = [];
    private readonly Dictionary<int, SimFile> files = [];
    private readonly Dictionary<int, List<Pending>> unsyncedFiles = [];
    private readonly Dictionary<string, List<NameChange>> unsyncedNames = [];

    /// <summary>The first is durable, any later one may be.</summary>
    private readonly List<IndexState?> indexStates = [];
    private FileChange? lastChange;

    public CrashWalk(DiskImage image, Oracle oracle)
    {
        foreach (var (path, file) in image.Names)
        {
            names[path] = file is null ? SimDisk.IsDirectory : files.Count;
            if (file is not null)
            {
                files[files.Count] = file.Copy();
            }
        }

        indexStates.Add(image.Index);
        Oracle = oracle;
    }

    /// <summary>What the volume may say here.</summary>
    public Oracle Oracle { get; }

    /// <summary>States of the index that a crash here may leave.</summary>
    public int IndexStates => indexStates.Count;

    /// <summary>Changes of files that are not durable.</summary>
    public int UnsyncedChanges => unsyncedFiles.Values.Sum(changes => changes.Count);

    /// <summary>Length of the write that is under way here; 0 when none is.</summary>
    public int LastWriteBytes => lastChange is Written write ? write.Bytes.Length : 0;

    public void Step(TraceEvent happened)
    {
        lastChange = happened as FileChange;
        switch (happened)
        {
            case FileChange change:
                ListOf(unsyncedFiles, change.File).Add(new Pending(change));
                break;
            case FileSynced sync:
                SyncFile(sync.File);
                break;
            case SyncFailed failed:
                ListOf(unsyncedFiles, failed.File).ForEach(change => change.IsBeyondSync = true);
                break;
            case NameChange change:
                ListOf(unsyncedNames, change.Directory).Add(change);
                break;
            case DirectorySynced sync:
                ListOf(unsyncedNames, sync.Path).ForEach(change => Apply(change, names));
                unsyncedNames.Remove(sync.Path);
                break;
            case IndexChanged change:
                indexStates.Add(change.State);
                break;
            case IndexFlushed:
                indexStates.RemoveRange(0, indexStates.Count - 1);
                break;
            default:
                Oracle.See(happened);
                break;
        }
    }

    /// <summary>The disk after a power cut here.</summary>
    public DiskImage Crash(Survival survival)
    {
        var leftNames = new Dictionary<string, int>(names);
        foreach (var change in unsyncedNames.Values.SelectMany(survival.OfNames))
        {
            Apply(change, leftNames);
        }

        var changed = new Dictionary<int, SimFile>();
        survival.Begin(lastChange);
        foreach (var (number, changes) in unsyncedFiles)
        {
            var file = changed[number] = files.TryGetValue(number, out var durable) ? durable.Copy() : new SimFile();
            changes.ForEach(change => survival.Apply(change.Change, file));
        }

        var image = leftNames.ToDictionary(name => name.Key, name => FileOf(name.Value));
        return new DiskImage(image, survival.HasNoIndex ? null : indexStates[survival.IndexAmong(indexStates.Count)]);

        SimFile? FileOf(int number) =>
            number == SimDisk.IsDirectory
                ? null
                : changed.GetValueOrDefault(number) ?? files.GetValueOrDefault(number) ?? new SimFile();
    }

    private void SyncFile(int number)
    {
        if (!files.TryGetValue(number, out var file))
        {
            files[number] = file = new SimFile();
        }

        var changes = ListOf(unsyncedFiles, number);
        foreach (var change in changes.Where(change => !change.IsBeyondSync))
        {
            Survival.ApplyWhole(change.Change, file);
        }

        changes.RemoveAll(change => !change.IsBeyondSync);
    }

    private static void Apply(NameChange change, Dictionary<string, int> names)
    {
        switch (change)
        {
            case Named named:
                names[named.Path] = named.File;
                break;
            case Unlinked:
                names.Remove(change.Path);
                break;
            case Renamed renamed when names.Remove(renamed.Path, out var file):
                names[renamed.NewPath] = file;
                break;
            default:
                break;
        }
    }

    private static List<T> ListOf<TKey, T>(Dictionary<TKey, List<T>> lists, TKey key)
        where TKey : notnull
    {
        if (!lists.TryGetValue(key, out var list))
        {
            lists[key] = list = [];
        }

        return list;
    }

    private sealed class Pending(FileChange change)
    {
        public FileChange Change { get; } = change;

        /// <summary>A sync of it has failed: none will make it durable.</summary>
        public bool IsBeyondSync { get; set; }
    }
}
