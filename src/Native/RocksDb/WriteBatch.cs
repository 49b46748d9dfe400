namespace FileSharing.Native.RocksDb;

/// <summary>Changes that <see cref="RocksDb.Write"/> applies as one. Not thread-safe; may be cleared and used again.</summary>
public sealed unsafe class WriteBatch : IDisposable
{
    internal WriteBatchHandle Handle { get; } = new();

    public void Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        fixed (byte* k = key)
        fixed (byte* v = value)
        {
            RocksDbApi.rocksdb_writebatch_put(Handle, k, (nuint)key.Length, v, (nuint)value.Length);
        }
    }

    public void Delete(ReadOnlySpan<byte> key)
    {
        fixed (byte* k = key)
        {
            RocksDbApi.rocksdb_writebatch_delete(Handle, k, (nuint)key.Length);
        }
    }

    public void Clear() => RocksDbApi.rocksdb_writebatch_clear(Handle);

    public void Dispose() => Handle.Dispose();
}
