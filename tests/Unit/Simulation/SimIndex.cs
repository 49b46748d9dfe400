using System.Collections.Immutable;
using FileSharing.BlobEngine;

namespace FileSharing.UnitTests.Simulation;

/// <summary>What an index holds at one moment; every version is kept as long as somebody points to it.</summary>
internal sealed record IndexState(ImmutableSortedDictionary<byte[], byte[]> Entries)
{
    public static IndexState Empty { get; } =
        new(
            ImmutableSortedDictionary.Create<byte[], byte[]>(
                Comparer<byte[]>.Create((left, right) => left.AsSpan().SequenceCompareTo(right))
            )
        );
}

/// <summary>
/// The store of the index as a model: it says what the product's store promises and nothing more. <see cref="IndexConformanceTests"/> holds both to
/// the same behaviour. What a crash leaves is one of the states that the trace names since the last flush.
/// </summary>
internal sealed class SimIndex(Trace trace, IndexState? found) : IIndexEngine
{
    private IndexState? state = found;

    public IIndexStore Open(string path)
    {
        if (state is null)
        {
            Change(IndexState.Empty);
        }

        return new Store(this);
    }

    public bool Exists(string path) => Volatile.Read(ref state) is not null;

    public void Remove(string path)
    {
        Change(null);
        Flush();
    }

    private void Change(IndexState? changed) => trace.Add(new IndexChanged(changed), () => state = changed);

    private void Flush() => trace.Add(new IndexFlushed());

    private sealed class Store(SimIndex index) : IIndexStore
    {
        public long TableBytes => 0;

        private ImmutableSortedDictionary<byte[], byte[]> Entries => Volatile.Read(ref index.state)!.Entries;

        public int Get(ReadOnlySpan<byte> key, Span<byte> value)
        {
            if (!Entries.TryGetValue(key.ToArray(), out var found))
            {
                return -1;
            }

            found.CopyTo(value);
            return found.Length;
        }

        public void Walk(ReadOnlySpan<byte> from, IndexVisitor visit)
        {
            var entries = Entries;
            var keys = entries.KeyComparer;
            var start = from.ToArray();
            foreach (var (key, value) in entries)
            {
                if (keys.Compare(key, start) >= 0 && !visit(key, value))
                {
                    return;
                }
            }
        }

        public IIndexBatch NewBatch() => new Batch();

        public void Write(IIndexBatch batch)
        {
            var builder = Entries.ToBuilder();
            foreach (var (key, value) in ((Batch)batch).Changes)
            {
                if (value is null)
                {
                    builder.Remove(key);
                }
                else
                {
                    builder[key] = value;
                }
            }

            index.Change(new IndexState(builder.ToImmutable()));
        }

        public void Flush() => index.Flush();

        public void Dispose() { }
    }

    private sealed class Batch : IIndexBatch
    {
        public List<(byte[] Key, byte[]? Value)> Changes { get; } = [];

        public void Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) =>
            Changes.Add((key.ToArray(), value.ToArray()));

        public void Delete(ReadOnlySpan<byte> key) => Changes.Add((key.ToArray(), null));

        public void Clear() => Changes.Clear();

        public void Dispose() { }
    }
}
