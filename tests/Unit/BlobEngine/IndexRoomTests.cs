using FileSharing.BlobEngine;

namespace FileSharing.UnitTests.BlobEngine;

/// <summary>An index that has no room for a change, at the very moment that the test says: <see cref="FullDiskTests"/> cannot choose it.</summary>
public sealed class IndexRoomTests
{
    [Fact]
    public async Task A_change_that_the_index_has_no_room_for_waits_for_it_and_poisons_nothing()
    {
        await using var volume = new TestVolume();
        var index = new CrampedIndex(new RocksDbIndex(volume.Disk, volume.Options.Index));
        volume.Options = volume.Options with { IndexEngine = index };
        await using var store = await volume.OpenAsync();
        await volume.PutAsync(store, 1_000, seed: 1);

        index.HasRoom = false;
        var put = volume.PutAsync(store, 1_000, seed: 2);
        while (index.Refusals < 3 && !put.IsCompleted)
        {
            await Task.Delay(10);
        }

        Assert.False(put.IsCompleted);
        Assert.Equal(VolumeCondition.Full, store.Condition);
        index.HasRoom = true;
        var (id, plain) = await put;
        Assert.Equal(plain, await TestVolume.ReadAsync(store, id, 0, plain.Length));
        Assert.Equal(VolumeCondition.Writable, store.Condition);
    }

    private sealed class CrampedIndex(IIndexEngine inner) : IIndexEngine
    {
        private int refusals;

        public volatile bool HasRoom = true;

        public int Refusals => Volatile.Read(ref refusals);

        public IIndexStore Open(string path) => new Store(inner.Open(path), this);

        public bool Exists(string path) => inner.Exists(path);

        public void Remove(string path) => inner.Remove(path);

        private void ThrowWithoutRoom()
        {
            if (!HasRoom)
            {
                Interlocked.Increment(ref refusals);
                throw new IndexException("No space left on device.", isDamage: false, new IOException())
                {
                    IsNoSpace = true,
                };
            }
        }

        private sealed class Store(IIndexStore inner, CrampedIndex engine) : IIndexStore
        {
            public long TableBytes => inner.TableBytes;

            public int Get(ReadOnlySpan<byte> key, Span<byte> value) => inner.Get(key, value);

            public void Walk(ReadOnlySpan<byte> from, IndexVisitor visit) => inner.Walk(from, visit);

            public IIndexBatch NewBatch() => inner.NewBatch();

            public void Write(IIndexBatch batch)
            {
                engine.ThrowWithoutRoom();
                inner.Write(batch);
            }

            public void Flush() => inner.Flush();

            public void Dispose() => inner.Dispose();
        }
    }
}
