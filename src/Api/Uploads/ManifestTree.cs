using FileSharing.Chunks;

namespace FileSharing.Api.Uploads;

/// <summary>The manifests that name all chunks of a file: one, or beyond 290,000 chunks one that names others.</summary>
/// <param name="Bodies">Every manifest with its bytes, those that are named before the one that names them; the last is the root.</param>
internal sealed record ManifestTree(IReadOnlyList<(ChunkId Id, byte[] Body)> Bodies)
{
    public ChunkId Root => Bodies[^1].Id;

    public static ManifestTree Of(IReadOnlyList<ManifestEntry> chunks, string policy) =>
        Of(chunks, policy, Manifest.EntriesMax);

    /// <param name="entriesMax">Entries a manifest; smaller in tests.</param>
    internal static ManifestTree Of(IReadOnlyList<ManifestEntry> chunks, string policy, int entriesMax)
    {
        var bodies = new List<(ChunkId, byte[])>();
        var entries = chunks;
        for (var level = 0; ; level++)
        {
            List<ManifestEntry> above = [];
            foreach (
                var run in entries.Count == 0
                    ?
                    [
                        [],
                    ]
                    : entries.Chunk(entriesMax)
            )
            {
                var manifest = Manifest.Create(level, policy, run);
                var body = manifest.ToBody();
                var id = Manifest.IdOf(body);
                bodies.Add((id, body));
                above.Add(new ManifestEntry(id, manifest.Size));
            }

            if (above.Count == 1)
            {
                return new ManifestTree(bodies);
            }

            entries = above;
        }
    }
}
