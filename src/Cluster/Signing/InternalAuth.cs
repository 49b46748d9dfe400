using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;

namespace FileSharing.Cluster.Signing;

/// <summary>
/// Proves that an internal call comes from a process of this cluster: docs/node-protocol.md, section 3. Its key is not the one of
/// client URLs, so no client can be talked into making an internal call. Thread-safe.
/// </summary>
public sealed class InternalAuth(ClusterSecrets secrets, TimeProvider time)
{
    public const string Scheme = "FileShare-Internal";

    /// <summary>Sender's name of the API; nodes send their id.</summary>
    public const string ApiSender = "api";

    /// <summary>A call is refused when its time differs by more: it bounds replay, and all calls are idempotent.</summary>
    public static readonly TimeSpan ClockDifferenceMax = TimeSpan.FromSeconds(60);

    private const string Domain = "fileshare-internal-1";

    /// <summary>The value of the Authorization header after the scheme.</summary>
    /// <param name="contentDigest">Value of Content-Digest, or null where the body carries checksums of its own.</param>
    public string Sign(string sender, string method, string pathAndQuery, string? contentDigest)
    {
        var ts = time.GetUtcNow().ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture);
        return $"sender={sender},ts={ts},mac={Base64Url.EncodeToString(Mac(sender, method, pathAndQuery, ts, contentDigest))}";
    }

    /// <summary>The sender, or null when the call is not from this cluster or out of its time.</summary>
    /// <param name="credentials">The header's value after the scheme.</param>
    public string? Verify(string? credentials, string method, string pathAndQuery, string? contentDigest) =>
        Read(credentials, method, pathAndQuery, contentDigest) is { } call && IsInTime(call.ClockAhead)
            ? call.Sender
            : null;

    /// <summary>For a call that is refused for its time alone: who sent it, and how far their clock is ahead of the one here. Null for any other.</summary>
    public (string Sender, TimeSpan Ahead)? ClockDifference(
        string? credentials,
        string method,
        string pathAndQuery,
        string? contentDigest
    ) => Read(credentials, method, pathAndQuery, contentDigest) is { } call && !IsInTime(call.ClockAhead) ? call : null;

    private static bool IsInTime(TimeSpan clockAhead) => clockAhead.Duration() <= ClockDifferenceMax;

    /// <summary>What a process of this cluster has signed, whenever it did; null when none did.</summary>
    private (string Sender, TimeSpan ClockAhead)? Read(
        string? credentials,
        string method,
        string pathAndQuery,
        string? contentDigest
    )
    {
        var parts = (credentials ?? "").Split(',');
        if (
            parts.Length != 3
            || !parts[0].StartsWith("sender=", StringComparison.Ordinal)
            || !parts[1].StartsWith("ts=", StringComparison.Ordinal)
            || !parts[2].StartsWith("mac=", StringComparison.Ordinal)
        )
        {
            return null;
        }

        var sender = parts[0]["sender=".Length..];
        var ts = parts[1]["ts=".Length..];
        Span<byte> given = stackalloc byte[FieldMac.MacBytes];
        if (
            !Base64Url.TryDecodeFromChars(parts[2].AsSpan("mac=".Length), given, out var bytes)
            || bytes != FieldMac.MacBytes
            || !CryptographicOperations.FixedTimeEquals(given, Mac(sender, method, pathAndQuery, ts, contentDigest))
            || !long.TryParse(ts, NumberStyles.None, CultureInfo.InvariantCulture, out var sent)
        )
        {
            return null;
        }

        return (sender, TimeSpan.FromMilliseconds(sent - time.GetUtcNow().ToUnixTimeMilliseconds()));
    }

    /// <summary>Content-Digest of a body (RFC 9530).</summary>
    public static string DigestOf(ReadOnlySpan<byte> body)
    {
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(body, digest);
        return $"sha-256=:{Convert.ToBase64String(digest)}:";
    }

    private byte[] Mac(string sender, string method, string pathAndQuery, string ts, string? contentDigest)
    {
        var mac = new FieldMac(512);
        mac.Add(Domain);
        mac.Add(secrets.ClusterId.ToString("D"));
        mac.Add(sender);
        mac.Add(method);
        mac.Add(pathAndQuery);
        mac.Add(ts);
        mac.Add(contentDigest);
        return mac.Finish(secrets.InternalKey);
    }
}
