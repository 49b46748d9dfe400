using System.Globalization;
using FileSharing.Chunks;

namespace FileSharing.Cluster.Signing;

/// <summary>The canonical form of a signed URL, used by the signer and the verifier alike.</summary>
internal static class UrlForm
{
    public const string Domain = "fileshare-url-1";

    /// <summary>Query parameters in the order in which they are signed; a URL may have no others but <c>sig</c>.</summary>
    public static readonly string[] Parameters =
    [
        "kind",
        "len",
        "name",
        "type",
        "disp",
        "fp",
        "up",
        "idx",
        "ep",
        "iat",
        "exp",
        "kid",
    ];

    public static string?[] Values(UrlGrant grant, DateTimeOffset issued, DateTimeOffset expires, uint keyId) =>
        [
            grant.Kind == RecordKind.None ? null : KindName(grant.Kind),
            Text(grant.Bytes),
            grant.Name,
            grant.Type,
            grant.Disposition,
            grant.Fingerprint,
            grant.UploadId?.ToString("D"),
            grant.Index is { } index ? Text(index) : null,
            grant.Epoch is { } epoch ? Text(epoch) : null,
            Text(issued.ToUnixTimeSeconds()),
            Text(expires.ToUnixTimeSeconds()),
            Text(keyId),
        ];

    public static byte[] Sign(ReadOnlySpan<byte> key, Guid clusterId, string method, string path, string?[] values)
    {
        var mac = new FieldMac(1024);
        mac.Add(Domain);
        mac.Add(clusterId.ToString("D"));
        mac.Add(method);
        mac.Add(path);
        foreach (var value in values)
        {
            mac.Add(value);
        }

        return mac.Finish(key);
    }

    public static string KindName(RecordKind kind) => kind == RecordKind.Manifest ? "manifest" : "chunk";

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);
}
