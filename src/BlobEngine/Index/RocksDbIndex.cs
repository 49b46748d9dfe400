using FileSharing.Native.RocksDb;

namespace FileSharing.BlobEngine;

/// <summary>The index in RocksDB, which does its own I/O: what it loses, the segments bring back.</summary>
internal sealed class RocksDbIndex(IDisk disk, RocksDbOptions options) : IIndexEngine
{
    public IIndexStore Open(string path)
    {
        disk.CreateDirectory(path);
        return Store.Guarded(() => new Store(RocksDb.Open(path, options)));
    }

    public bool Exists(string path) => disk.DirectoryExists(path);

    public void Remove(string path)
    {
        if (disk.DirectoryExists(path))
        {
            disk.DeleteDirectory(path);
        }
    }

    private sealed class Store(RocksDb db) : IIndexStore
    {
        public long TableBytes => db.TableBytes();

        public int Get(ReadOnlySpan<byte> key, Span<byte> value)
        {
            try
            {
                return db.Get(key, value);
            }
            catch (RocksDbException error)
            {
                throw Translate(error);
            }
        }

        public void Walk(ReadOnlySpan<byte> from, IndexVisitor visit)
        {
            try
            {
                using var iterator = db.Iterate();
                for (iterator.Seek(from); iterator.IsValid && visit(iterator.Key, iterator.Value); iterator.Next()) { }
            }
            catch (RocksDbException error)
            {
                throw Translate(error);
            }
        }

        public IIndexBatch NewBatch() => new Batch();

        public void Write(IIndexBatch batch) =>
            Guarded(() =>
            {
                db.Write(((Batch)batch).Changes);
                return true;
            });

        public void Flush() =>
            Guarded(() =>
            {
                db.Flush();
                return true;
            });

        public void Dispose() => db.Dispose();

        public static T Guarded<T>(Func<T> call)
        {
            try
            {
                return call();
            }
            catch (RocksDbException error)
            {
                throw Translate(error);
            }
        }

        private static IndexException Translate(RocksDbException error) =>
            new(error.Message, isDamage: !error.IsRefusalOfSystem, error) { IsNoSpace = error.IsNoSpace };
    }

    private sealed class Batch : IIndexBatch
    {
        public WriteBatch Changes { get; } = new();

        public void Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) => Changes.Put(key, value);

        public void Delete(ReadOnlySpan<byte> key) => Changes.Delete(key);

        public void Clear() => Changes.Clear();

        public void Dispose() => Changes.Dispose();
    }
}
