using System.Collections.Immutable;
using FileSharing.Chunks.Keys;

namespace FileSharing.BlobEngine;

/// <summary>
/// The data keys that lie on a volume. What is sealed under a key that does not could not be read after the process has gone, so nothing is stored under one.
/// Thread-safe.
/// </summary>
internal sealed class VolumeKeys(Volume volume) : IDisposable
{
    private readonly SemaphoreSlim storing = new(1, 1);
    private ImmutableSortedDictionary<uint, WrappedKey> stored = volume
        .Files.ReadKeys()
        .ToImmutableSortedDictionary(key => key.Id, key => key);

    /// <summary>In order of id.</summary>
    public IReadOnlyCollection<WrappedKey> All => [.. stored.Values];

    public bool Has(uint keyId) => stored.ContainsKey(keyId);

    /// <summary>Puts keys on the volume, and adds them to the process's. Keys that are there stay as they are.</summary>
    public async Task StoreAsync(IReadOnlyCollection<WrappedKey> keys, CancellationToken ct)
    {
        await storing.WaitAsync(ct);
        try
        {
            var all = stored;
            foreach (var key in keys.Where(key => !all.ContainsKey(key.Id)))
            {
                volume.Keys.Add(key);
                all = all.Add(key.Id, key);
            }

            if (all != stored)
            {
                volume.Files.WriteKeys(all.Values);
                stored = all;
            }
        }
        finally
        {
            storing.Release();
        }
    }

    public void Dispose() => storing.Dispose();
}
