using System.Collections.Concurrent;
using System.Collections.Immutable;
using FileSharing.BlobEngine;

namespace FileSharing.UnitTests.Simulation;

/// <summary>What an index holds at one moment; every version is kept as long as somebody points to it.</summary>
internal sealed record IndexState(ImmutableSortedDictionary<byte[], byte[]> Entries)
{
    private KeyValuePair<byte[], byte[]>[]? inOrder;

    public static IndexState Empty { get; } =
        new(
            ImmutableSortedDictionary.Create<byte[], byte[]>(
                Comparer<byte[]>.Create((left, right) => left.AsSpan().SequenceCompareTo(right))
            )
        );

    /// <summary>The entries from this key on.</summary>
    public ReadOnlySpan<KeyValuePair<byte[], byte[]>> From(ReadOnlySpan<byte> key)
    {
        // A dictionary cannot begin in the middle, and most states are walked through often or never.
        inOrder ??= [.. Entries];
        var (low, high) = (0, inOrder.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (inOrder[middle].Key.AsSpan().SequenceCompareTo(key) < 0)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return inOrder.AsSpan(low);
    }
}

/// <summary>
/// The store of the index as a model: it says what the product's store promises and nothing more. <see cref="IndexConformanceTests"/> holds both to
/// the same behaviour. What a crash leaves is one of the states that the trace names since the last flush.
/// </summary>
internal sealed class SimIndex(Trace trace, IndexState? found) : IIndexEngine
{
    /// <summary>The index of the volume. One at another path is only for the process that makes it, and nobody misses it after a crash.</summary>
    private readonly ConcurrentDictionary<string, IndexState> states = new(
        found is null ? [] : [KeyValuePair.Create(SimVolume.IndexPath, found)]
    );

    public IIndexStore Open(string path)
    {
        if (!Exists(path))
        {
            Change(path, IndexState.Empty);
        }

        return new Store(this, path);
    }

    public bool Exists(string path) => states.ContainsKey(path);

    public void Remove(string path)
    {
        Change(path, null);
        Flush(path);
    }

    private void Change(string path, IndexState? changed)
    {
        void Apply() => _ = changed is null ? states.TryRemove(path, out _) : (states[path] = changed) is not null;
        if (path == SimVolume.IndexPath)
        {
            trace.Add(new IndexChanged(changed), Apply);
        }
        else
        {
            Apply();
        }
    }

    private void Flush(string path)
    {
        if (path == SimVolume.IndexPath)
        {
            trace.Add(new IndexFlushed());
        }
    }

    private sealed class Store(SimIndex index, string path) : IIndexStore
    {
        public long TableBytes => 0;

        private ImmutableSortedDictionary<byte[], byte[]> Entries => index.states[path].Entries;

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
            foreach (var (key, value) in index.states[path].From(from))
            {
                if (!visit(key, value))
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

            index.Change(path, new IndexState(builder.ToImmutable()));
        }

        public void Flush() => index.Flush(path);

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
