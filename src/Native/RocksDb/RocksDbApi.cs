using System.Runtime.InteropServices;

namespace FileSharing.Native.RocksDb;

/// <summary>rocksdb/c.h: the part that versions 7.8 to 9.10 share and that the index needs.</summary>
internal static unsafe partial class RocksDbApi
{
    private const string Library = NativeLibraryName.RocksDbImport;

    internal const int CompressionZstd = 7;

    /// <summary>Above every severity: no line is written.</summary>
    internal const int LogLevelNone = 5;

    [LibraryImport(Library)]
    internal static partial nint rocksdb_options_create();

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_destroy(nint options);

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_set_create_if_missing(nint options, byte value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_set_write_buffer_size(nint options, nuint bytes);

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_set_max_write_buffer_number(nint options, int value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_set_max_open_files(nint options, int value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_set_max_background_jobs(nint options, int value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_set_compression(nint options, int value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_set_level_compaction_dynamic_level_bytes(nint options, byte value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_set_info_log_level(nint options, int value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_set_keep_log_file_num(nint options, nuint value);

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_set_stats_dump_period_sec(nint options, uint seconds);

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_set_manifest_preallocation_size(nint options, nuint bytes);

    [LibraryImport(Library)]
    internal static partial void rocksdb_options_set_block_based_table_factory(nint options, nint tableOptions);

    [LibraryImport(Library)]
    internal static partial nint rocksdb_block_based_options_create();

    [LibraryImport(Library)]
    internal static partial void rocksdb_block_based_options_destroy(nint options);

    [LibraryImport(Library)]
    internal static partial void rocksdb_block_based_options_set_block_size(nint options, nuint bytes);

    [LibraryImport(Library)]
    internal static partial void rocksdb_block_based_options_set_format_version(nint options, int version);

    [LibraryImport(Library)]
    internal static partial void rocksdb_block_based_options_set_block_cache(nint options, nint cache);

    /// <summary>The table options take ownership of the policy.</summary>
    [LibraryImport(Library)]
    internal static partial void rocksdb_block_based_options_set_filter_policy(nint options, nint policy);

    [LibraryImport(Library)]
    internal static partial nint rocksdb_filterpolicy_create_ribbon_hybrid(double bitsPerKey, int bloomBeforeLevel);

    [LibraryImport(Library)]
    internal static partial nint rocksdb_cache_create_lru(nuint bytes);

    [LibraryImport(Library)]
    internal static partial void rocksdb_cache_destroy(nint cache);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial nint rocksdb_open(nint options, string path, nint* error);

    [LibraryImport(Library)]
    internal static partial void rocksdb_close(nint db);

    [LibraryImport(Library)]
    internal static partial nint rocksdb_get_pinned(
        RocksDbHandle db,
        nint options,
        byte* key,
        nuint keyLength,
        nint* error
    );

    [LibraryImport(Library)]
    internal static partial byte* rocksdb_pinnableslice_value(nint slice, nuint* length);

    [LibraryImport(Library)]
    internal static partial void rocksdb_pinnableslice_destroy(nint slice);

    [LibraryImport(Library)]
    internal static partial void rocksdb_write(RocksDbHandle db, nint options, WriteBatchHandle batch, nint* error);

    [LibraryImport(Library)]
    internal static partial void rocksdb_flush(RocksDbHandle db, nint options, nint* error);

    [LibraryImport(Library)]
    internal static partial void rocksdb_compact_range(
        RocksDbHandle db,
        byte* start,
        nuint startLength,
        byte* end,
        nuint endLength
    );

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int rocksdb_property_int(RocksDbHandle db, string name, ulong* value);

    [LibraryImport(Library)]
    internal static partial nint rocksdb_writeoptions_create();

    [LibraryImport(Library)]
    internal static partial void rocksdb_writeoptions_destroy(nint options);

    [LibraryImport(Library)]
    internal static partial void rocksdb_writeoptions_disable_WAL(nint options, int value);

    [LibraryImport(Library)]
    internal static partial nint rocksdb_readoptions_create();

    [LibraryImport(Library)]
    internal static partial void rocksdb_readoptions_destroy(nint options);

    [LibraryImport(Library)]
    internal static partial nint rocksdb_flushoptions_create();

    [LibraryImport(Library)]
    internal static partial void rocksdb_flushoptions_destroy(nint options);

    [LibraryImport(Library)]
    internal static partial nint rocksdb_writebatch_create();

    [LibraryImport(Library)]
    internal static partial void rocksdb_writebatch_destroy(nint batch);

    [LibraryImport(Library)]
    internal static partial void rocksdb_writebatch_clear(WriteBatchHandle batch);

    [LibraryImport(Library)]
    internal static partial void rocksdb_writebatch_put(
        WriteBatchHandle batch,
        byte* key,
        nuint keyLength,
        byte* value,
        nuint valueLength
    );

    [LibraryImport(Library)]
    internal static partial void rocksdb_writebatch_delete(WriteBatchHandle batch, byte* key, nuint keyLength);

    [LibraryImport(Library)]
    internal static partial nint rocksdb_create_iterator(RocksDbHandle db, nint options);

    [LibraryImport(Library)]
    internal static partial void rocksdb_iter_destroy(nint iterator);

    [LibraryImport(Library)]
    internal static partial byte rocksdb_iter_valid(IteratorHandle iterator);

    [LibraryImport(Library)]
    internal static partial void rocksdb_iter_seek(IteratorHandle iterator, byte* key, nuint keyLength);

    [LibraryImport(Library)]
    internal static partial void rocksdb_iter_next(IteratorHandle iterator);

    [LibraryImport(Library)]
    internal static partial byte* rocksdb_iter_key(IteratorHandle iterator, nuint* length);

    [LibraryImport(Library)]
    internal static partial byte* rocksdb_iter_value(IteratorHandle iterator, nuint* length);

    [LibraryImport(Library)]
    internal static partial void rocksdb_iter_get_error(IteratorHandle iterator, nint* error);

    [LibraryImport(Library)]
    internal static partial void rocksdb_free(nint memory);

    /// <exception cref="RocksDbException">An error text was set.</exception>
    internal static void Check(nint error)
    {
        if (error != 0)
        {
            var message = Marshal.PtrToStringUTF8(error);
            rocksdb_free(error);
            throw new RocksDbException(message ?? "unknown error");
        }
    }
}
