namespace FileSharing.Native.RocksDb;

/// <summary>Walks the keys in byte order. Spans are valid until the next move. Not thread-safe.</summary>
public sealed unsafe class RocksDbIterator : IDisposable
{
    private readonly IteratorHandle handle;

    internal RocksDbIterator(IteratorHandle handle) => this.handle = handle;

    /// <summary>Whether it stands on a key.</summary>
    /// <exception cref="RocksDbException">It stopped because reading failed, not because the keys ended.</exception>
    public bool IsValid
    {
        get
        {
            if (RocksDbApi.rocksdb_iter_valid(handle) != 0)
            {
                return true;
            }

            nint error = 0;
            RocksDbApi.rocksdb_iter_get_error(handle, &error);
            RocksDbApi.Check(error);
            return false;
        }
    }

    public ReadOnlySpan<byte> Key
    {
        get
        {
            nuint length;
            var key = RocksDbApi.rocksdb_iter_key(handle, &length);
            return new ReadOnlySpan<byte>(key, (int)length);
        }
    }

    public ReadOnlySpan<byte> Value
    {
        get
        {
            nuint length;
            var value = RocksDbApi.rocksdb_iter_value(handle, &length);
            return new ReadOnlySpan<byte>(value, (int)length);
        }
    }

    /// <summary>Moves to the first key at or after this one.</summary>
    public void Seek(ReadOnlySpan<byte> key)
    {
        fixed (byte* k = key)
        {
            RocksDbApi.rocksdb_iter_seek(handle, k, (nuint)key.Length);
        }
    }

    public void Next() => RocksDbApi.rocksdb_iter_next(handle);

    public void Dispose() => handle.Dispose();
}
