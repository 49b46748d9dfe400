using FileSharing.Cluster.Map;
using FileSharing.Cluster.Signing;

namespace FileSharing.StorageNode.Membership;

/// <summary>What this node knows of the cluster at the moment; replaced as a whole when the API has something newer.</summary>
internal sealed class ClusterState(NodeIdentity identity, MapHolder map, TimeProvider time)
{
    private volatile Signers signers = new(identity.Secrets, time);

    public Guid NodeId { get; } = identity.NodeId;

    public string NodeName { get; } = identity.Name;

    public MapHolder Map { get; } = map;

    public ClusterSecrets Secrets => signers.Secrets;

    public UrlVerifier Urls => signers.Urls;

    public ReceiptSigner Receipts => signers.Receipts;

    public InternalAuth Internal => signers.Internal;

    /// <summary>New URL keys or data keys.</summary>
    public void Replace(ClusterSecrets secrets) => signers = new Signers(secrets, time);

    private sealed class Signers(ClusterSecrets secrets, TimeProvider time)
    {
        public ClusterSecrets Secrets { get; } = secrets;
        public UrlVerifier Urls { get; } = new(secrets, time);
        public ReceiptSigner Receipts { get; } = new(secrets);
        public InternalAuth Internal { get; } = new(secrets, time);
    }
}
