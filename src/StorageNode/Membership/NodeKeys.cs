using System.Security.Cryptography;
using FileSharing.BlobEngine;
using FileSharing.Chunks.Keys;
using FileSharing.StorageNode.Volumes;
using Microsoft.Extensions.Logging;

namespace FileSharing.StorageNode.Membership;

/// <summary>
/// The data keys of this node. A key is put on every volume that is written to before anything is sealed with it here: a record must never be sealed with a key that
/// only memory has. docs/encryption.md.
/// </summary>
internal sealed class NodeKeys(DataKeys keys, VolumeSet volumes, ILogger<NodeKeys> log)
{
    private readonly HashSet<(Guid Volume, uint Key)> complaints = [];

    public bool Holds(uint id) => keys.Holds(id);

    /// <summary>Adds keys that the API has named. One that cannot be the cluster's is left out, and said in the log.</summary>
    public void Add(IEnumerable<WrappedKey> offered)
    {
        foreach (var key in offered)
        {
            try
            {
                keys.Add(key);
            }
            catch (CryptographicException error)
            {
                log.DataKeyRefused(key.Id, error.Message);
            }
        }
    }

    /// <summary>Puts every key on every volume that lacks it. A volume that cannot take one refuses records under it, and is tried again.</summary>
    public async Task StoreAsync(CancellationToken cancellationToken)
    {
        var known = keys.Wrapped;
        foreach (var volume in volumes.Open.Where(volume => volume.Store.StoredKeys.Count < known.Count))
        {
            using var use = volume.TryEnter();
            try
            {
                await (use?.Store.StoreKeysAsync(known, cancellationToken) ?? Task.CompletedTask);
            }
            catch (IOException error)
            {
                Complain(volume.Store, known, error);
            }
        }
    }

    /// <summary>Seals with this key from now on, if every volume that is written to holds it; else goes on with the key before, which is as good.</summary>
    public void UseIfStored(uint? active)
    {
        if (active is not { } id || id <= keys.CurrentKeyId || !keys.Holds(id))
        {
            return;
        }

        if (!volumes.Open.All(volume => IsReady(volume.Store, id)))
        {
            return;
        }

        keys.Use(id);
        log.DataKeyInUse(id);
    }

    /// <summary>A poisoned volume is written to by nobody until it is opened again, and then it gets the keys first.</summary>
    private static bool IsReady(BlobStore store, uint id) =>
        store.Condition == VolumeCondition.Poisoned || store.StoredKeys.Any(key => key.Id == id);

    private void Complain(BlobStore store, IReadOnlyCollection<WrappedKey> known, IOException error)
    {
        foreach (var key in known)
        {
            if (store.StoredKeys.All(stored => stored.Id != key.Id) && complaints.Add((store.VolumeId, key.Id)))
            {
                log.DataKeyNotStored(key.Id, store.VolumeId, error.Message);
            }
        }
    }
}
