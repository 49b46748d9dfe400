namespace FileSharing.Standalone;

/// <summary>Another process works on the same data directory.</summary>
public sealed class DataInUseException : Exception
{
    public DataInUseException(string message, Exception inner)
        : base(message, inner) { }

    public DataInUseException(string message)
        : base(message) { }

    public DataInUseException() { }
}

/// <summary>Keeps two processes off one data directory. The kernel lets go of the lock when its holder dies.</summary>
public sealed class DataLock : IDisposable
{
    private readonly FileStream file;

    private DataLock(FileStream file) => this.file = file;

    /// <exception cref="DataInUseException">Somebody else holds it.</exception>
    public static DataLock Take(string path)
    {
        try
        {
            // FileShare.None is flock(2) with LOCK_EX | LOCK_NB.
            return new DataLock(new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (IOException e) when (File.Exists(path))
        {
            throw new DataInUseException(
                $"{path} is held by another process: the data directory is in use. Stop that one first (deploy/down), or choose another --data.",
                e
            );
        }
    }

    public void Dispose() => file.Dispose();
}
