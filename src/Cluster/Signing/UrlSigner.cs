using System.Buffers.Text;
using System.Text;

namespace FileSharing.Cluster.Signing;

/// <summary>Makes signed URLs. Thread-safe.</summary>
public sealed class UrlSigner(ClusterSecrets secrets, TimeProvider time)
{
    /// <summary>Path and query; put any node's address in front.</summary>
    /// <param name="lifetime">From now; at most <see cref="UrlGrant.DownloadLifetimeMax"/> for GET, else <see cref="UrlGrant.UploadLifetimeMax"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">A longer life than the verb may have.</exception>
    public string Sign(UrlGrant grant, TimeSpan lifetime)
    {
        ArgumentNullException.ThrowIfNull(grant);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(lifetime, LifetimeMax(grant.Method));
        var key = secrets.UrlKeys[^1];
        var now = time.GetUtcNow();
        var values = UrlForm.Values(grant, now, now + lifetime, key.Id);
        var mac = UrlForm.Sign(key.Key, secrets.ClusterId, grant.Method, grant.Path, values);

        var url = new StringBuilder(grant.Path, 256);
        var separator = '?';
        for (var i = 0; i < values.Length; i++)
        {
            if (values[i] is { Length: > 0 } value)
            {
                url.Append(separator).Append(UrlForm.Parameters[i]).Append('=').Append(Uri.EscapeDataString(value));
                separator = '&';
            }
        }

        return url.Append("&sig=").Append(Base64Url.EncodeToString(mac)).ToString();
    }

    internal static TimeSpan LifetimeMax(string method) =>
        method == "GET" ? UrlGrant.DownloadLifetimeMax : UrlGrant.UploadLifetimeMax;
}
