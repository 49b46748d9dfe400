using System.Buffers;
using FileSharing.Chunks;

namespace FileSharing.StorageNode.Downloads;

/// <summary>A manifest with the offset at which each entry starts, for finding a range by halving.</summary>
internal sealed class IndexedManifest
{
    private readonly long[] starts;

    public IndexedManifest(Manifest manifest)
    {
        Manifest = manifest;
        starts = new long[manifest.Entries.Count];
        long start = 0;
        for (var i = 0; i < starts.Length; i++)
        {
            starts[i] = start;
            start += manifest.Entries[i].Size;
        }
    }

    public Manifest Manifest { get; }

    /// <summary>What it takes of memory, about.</summary>
    public long Bytes => 64 + (starts.Length * (sizeof(long) + 40L));

    /// <summary>Index of the entry that holds this byte.</summary>
    public int Find(long offset)
    {
        var index = Array.BinarySearch(starts, offset);
        return index >= 0 ? index : ~index - 1;
    }

    public long StartOf(int entry) => starts[entry];
}

/// <summary>
/// Parsed manifests, the ones used last kept within a bound of bytes: a player that asks for a thousand small ranges of a large file reads its manifest
/// once. Manifests never change, so nothing is ever stale. Thread-safe.
/// </summary>
internal sealed class ManifestCache(ContentReader contents)
{
    /// <summary>Bytes kept: about 12 manifests of 50 GB files.</summary>
    private const long BytesMax = 32L << 20;

    private readonly Lock gate = new();
    private readonly Dictionary<ChunkId, LinkedListNode<(ChunkId Id, IndexedManifest Manifest)>> byId = [];
    private readonly LinkedList<(ChunkId Id, IndexedManifest Manifest)> byUse = new();
    private long bytes;

    /// <exception cref="IOException">As <see cref="ContentReader"/>; also when the bytes are no manifest of this id.</exception>
    public async ValueTask<IndexedManifest> GetAsync(ChunkId id, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            if (byId.TryGetValue(id, out var known))
            {
                byUse.Remove(known);
                byUse.AddFirst(known);
                return known.Value.Manifest;
            }
        }

        var body = await ReadBodyAsync(id, cancellationToken);
        var manifest = new IndexedManifest(Manifest.Parse(body.Span));
        Keep(id, manifest);
        return manifest;
    }

    /// <summary>The manifest's own bytes: they hash to the id.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> ReadBodyAsync(ChunkId id, CancellationToken cancellationToken)
    {
        var body = new ArrayBufferWriter<byte>();
        await contents.ReadWholeAsync(id, RecordKind.Manifest, body, cancellationToken);
        return Manifest.IdOf(body.WrittenSpan) == id
            ? body.WrittenMemory
            : throw new InvalidDataException($"The stored manifest {id} does not hash to its id.");
    }

    private void Keep(ChunkId id, IndexedManifest manifest)
    {
        lock (gate)
        {
            if (manifest.Bytes > BytesMax || byId.ContainsKey(id))
            {
                return;
            }

            byId.Add(id, byUse.AddFirst((id, manifest)));
            bytes += manifest.Bytes;
            while (bytes > BytesMax && byUse.Last is { } oldest)
            {
                byUse.RemoveLast();
                byId.Remove(oldest.Value.Id);
                bytes -= oldest.Value.Manifest.Bytes;
            }
        }
    }
}
