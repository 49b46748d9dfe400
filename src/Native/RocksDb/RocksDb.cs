namespace FileSharing.Native.RocksDb;

/// <summary>
/// One RocksDB database with its write-ahead log off: what was written since the last flush is lost in a crash, always as a whole
/// tail of write batches. Thread-safe.
/// </summary>
#pragma warning disable MA0049 // The folder holds the binding of the library of that name, and this is its database.
public sealed unsafe class RocksDb : IDisposable
#pragma warning restore MA0049
{
    /// <summary>Read by every supported version of the library.</summary>
    private const int TableFormatVersion = 5;

    /// <summary>Grown in steps of this size, instead of 4 MiB at each opening: on a full disk that is what an opening fails for.</summary>
    private const int ManifestGrowthBytes = 64 << 10;

    private readonly RocksDbHandle db;

    private RocksDb(nint db) => this.db = new RocksDbHandle(db);

    /// <summary>Opens the database in this directory, or makes one.</summary>
    /// <exception cref="RocksDbException">Damaged, locked, of a later format, or the disk failed.</exception>
    public static RocksDb Open(string path, RocksDbOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var dbOptions = RocksDbApi.rocksdb_options_create();
        var tableOptions = RocksDbApi.rocksdb_block_based_options_create();
        var cache = RocksDbApi.rocksdb_cache_create_lru((nuint)options.BlockCacheBytes);
        try
        {
            SetTableOptions(tableOptions, cache, options);
            SetOptions(dbOptions, tableOptions, options);
            nint error = 0;
            var handle = RocksDbApi.rocksdb_open(dbOptions, path, &error);
            RocksDbApi.Check(error);
            return new RocksDb(handle);
        }
        finally
        {
            // The database holds counted references to all three.
            RocksDbApi.rocksdb_cache_destroy(cache);
            RocksDbApi.rocksdb_block_based_options_destroy(tableOptions);
            RocksDbApi.rocksdb_options_destroy(dbOptions);
        }
    }

    private static void SetTableOptions(nint table, nint cache, RocksDbOptions options)
    {
        RocksDbApi.rocksdb_block_based_options_set_block_cache(table, cache);
        RocksDbApi.rocksdb_block_based_options_set_block_size(table, (nuint)options.BlockBytes);
        RocksDbApi.rocksdb_block_based_options_set_format_version(table, TableFormatVersion);
        RocksDbApi.rocksdb_block_based_options_set_filter_policy(
            table,
            RocksDbApi.rocksdb_filterpolicy_create_ribbon_hybrid(options.FilterBitsPerKey, 1)
        );
    }

    private static void SetOptions(nint db, nint table, RocksDbOptions options)
    {
        RocksDbApi.rocksdb_options_set_create_if_missing(db, 1);
        RocksDbApi.rocksdb_options_set_write_buffer_size(db, (nuint)options.WriteBufferBytes);
        RocksDbApi.rocksdb_options_set_max_write_buffer_number(db, 3);
        RocksDbApi.rocksdb_options_set_max_open_files(db, options.OpenFilesMax);
        RocksDbApi.rocksdb_options_set_max_background_jobs(db, 2);
        RocksDbApi.rocksdb_options_set_compression(db, RocksDbApi.CompressionZstd);
        RocksDbApi.rocksdb_options_set_level_compaction_dynamic_level_bytes(db, 1);
        // Its log lies beside its tables. Version 7.8 built with assertions, as in Debian, ends the process when a line follows one that the full disk refused.
        RocksDbApi.rocksdb_options_set_info_log_level(db, RocksDbApi.LogLevelNone);
        RocksDbApi.rocksdb_options_set_keep_log_file_num(db, 2);
        RocksDbApi.rocksdb_options_set_stats_dump_period_sec(db, 0);
        RocksDbApi.rocksdb_options_set_manifest_preallocation_size(db, ManifestGrowthBytes);
        RocksDbApi.rocksdb_options_set_block_based_table_factory(db, table);
    }

    /// <summary>Copies the value of this key to the start of <paramref name="value"/>.</summary>
    /// <returns>Length of the whole value in bytes, of which as many are copied as there is room for; -1 when there is no such key.</returns>
    public int Get(ReadOnlySpan<byte> key, Span<byte> value)
    {
        nint error = 0;
        nint slice;
        fixed (byte* k = key)
        {
            slice = RocksDbApi.rocksdb_get_pinned(db, db.ReadOptions, k, (nuint)key.Length, &error);
        }

        RocksDbApi.Check(error);
        if (slice == 0)
        {
            return -1;
        }

        nuint length;
        var found = new ReadOnlySpan<byte>(RocksDbApi.rocksdb_pinnableslice_value(slice, &length), (int)length);
        found[..Math.Min(found.Length, value.Length)].CopyTo(value);
        RocksDbApi.rocksdb_pinnableslice_destroy(slice);
        return (int)length;
    }

    /// <summary>Applies all of the batch or none; visible when it returns, durable after the next flush.</summary>
    public void Write(WriteBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        nint error = 0;
        RocksDbApi.rocksdb_write(db, db.WriteOptions, batch.Handle, &error);
        RocksDbApi.Check(error);
    }

    /// <summary>Returns when every batch written before is on stable storage.</summary>
    /// <exception cref="RocksDbException">Also when others write faster than it flushes; ask again.</exception>
    public void Flush()
    {
        nint error = 0;
        RocksDbApi.rocksdb_flush(db, db.FlushOptions, &error);
        RocksDbApi.Check(error);
        // After a full disk it may say that it is done when it is not (facebook/rocksdb, issue 8046): what it still has to write tells.
        if (Property("rocksdb.num-immutable-mem-table") > 0)
        {
            throw new RocksDbException(RocksDbException.Unflushed);
        }
    }

    /// <summary>Merges all files: for measuring what a key costs.</summary>
    public void Compact() => RocksDbApi.rocksdb_compact_range(db, null, 0, null, 0);

    /// <summary>A view of this moment, in order of key; dispose it soon, it keeps old files.</summary>
    public RocksDbIterator Iterate() => new(new IteratorHandle(db));

    /// <summary>Bytes of the table files in use.</summary>
    public long TableBytes() => Property("rocksdb.live-sst-files-size");

    /// <summary>Bytes of memory that filters and indexes of open table files take outside of the cache, by estimate.</summary>
    public long ReaderBytes() => Property("rocksdb.estimate-table-readers-mem");

    /// <summary>Bytes of memory in the cache.</summary>
    public long CacheBytes() => Property("rocksdb.block-cache-usage");

    private long Property(string name)
    {
        ulong value = 0;
        return RocksDbApi.rocksdb_property_int(db, name, &value) == 0 ? (long)value : 0;
    }

    /// <summary>Closes without a flush. Calls in flight end first.</summary>
    public void Dispose() => db.Dispose();
}
