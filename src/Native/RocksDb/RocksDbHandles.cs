using Microsoft.Win32.SafeHandles;

namespace FileSharing.Native.RocksDb;

/// <summary>An open database. Calls in flight and open iterators hold it: it closes after the last of them.</summary>
internal sealed class RocksDbHandle : SafeHandleZeroOrMinusOneIsInvalid
{
    public RocksDbHandle(nint db)
        : base(ownsHandle: true)
    {
        SetHandle(db);
        RocksDbApi.rocksdb_writeoptions_disable_WAL(WriteOptions, 1);
    }

    // The options live as long as the handle, so that a call in flight never sees freed ones.
    public nint ReadOptions { get; } = RocksDbApi.rocksdb_readoptions_create();

    public nint WriteOptions { get; } = RocksDbApi.rocksdb_writeoptions_create();

    public nint FlushOptions { get; } = RocksDbApi.rocksdb_flushoptions_create();

    protected override bool ReleaseHandle()
    {
        RocksDbApi.rocksdb_close(handle);
        RocksDbApi.rocksdb_readoptions_destroy(ReadOptions);
        RocksDbApi.rocksdb_writeoptions_destroy(WriteOptions);
        RocksDbApi.rocksdb_flushoptions_destroy(FlushOptions);
        return true;
    }
}

internal sealed class WriteBatchHandle : SafeHandleZeroOrMinusOneIsInvalid
{
    public WriteBatchHandle()
        : base(ownsHandle: true) => SetHandle(RocksDbApi.rocksdb_writebatch_create());

    protected override bool ReleaseHandle()
    {
        RocksDbApi.rocksdb_writebatch_destroy(handle);
        return true;
    }
}

internal sealed class IteratorHandle : SafeHandleZeroOrMinusOneIsInvalid
{
    private readonly RocksDbHandle db;

    public IteratorHandle(RocksDbHandle db)
        : base(ownsHandle: true)
    {
        this.db = db;
        var held = false;
        db.DangerousAddRef(ref held);
        SetHandle(RocksDbApi.rocksdb_create_iterator(db, db.ReadOptions));
    }

    protected override bool ReleaseHandle()
    {
        RocksDbApi.rocksdb_iter_destroy(handle);
        db.DangerousRelease();
        return true;
    }
}
