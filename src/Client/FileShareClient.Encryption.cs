using FileSharing.Client.Wire;

namespace FileSharing.Client;

/// <summary>Encryption at rest. Needs an administrator's token.</summary>
public sealed partial class FileShareClient
{
    /// <summary>The data keys, asked of the storage nodes now.</summary>
    public Task<EncryptionStatus> GetEncryptionAsync(CancellationToken cancellation = default) =>
        api.GetAsync("admin/encryption", WireJson.Default.EncryptionStatus, cancellation);

    /// <summary>
    /// Makes a new data key. It is pending when this returns, and active a few seconds later, when the storage nodes have stored it: <see cref="GetEncryptionAsync"/>.
    /// </summary>
    /// <exception cref="FileShareException"><c>not-encrypted</c>, <c>rotation-under-way</c> (the last key is still pending), <c>data-keys-exhausted</c>.</exception>
    public Task<DataKeyStatus> RotateDataKeyAsync(CancellationToken cancellation = default) =>
        api.PostAsync("admin/encryption/rotate", WireJson.Default.DataKeyStatus, cancellation);
}
