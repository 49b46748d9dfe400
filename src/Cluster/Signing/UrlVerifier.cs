using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using FileSharing.Chunks;

namespace FileSharing.Cluster.Signing;

/// <summary>Why a URL was refused. All answer 403; the message never holds key material.</summary>
public sealed class UrlRefusedException(string reason) : Exception(reason);

/// <summary>Checks signed URLs and reads back what they allow. Thread-safe.</summary>
public sealed class UrlVerifier(ClusterSecrets secrets, TimeProvider time)
{
    /// <summary>The signer's clock may be ahead by this much; an expiry has no leeway.</summary>
    public static readonly TimeSpan ClockLeeway = TimeSpan.FromSeconds(60);

    /// <param name="method">Of the request; HEAD counts as GET.</param>
    /// <param name="path">As the client sent it, undecoded, without query.</param>
    /// <param name="query">Decoded name and value of every parameter, repeated ones repeated.</param>
    /// <exception cref="UrlRefusedException">Anything but a URL that this cluster signed for this request and that is in its time.</exception>
    public UrlGrant Verify(string method, string path, IEnumerable<KeyValuePair<string, string>> query)
    {
        ArgumentNullException.ThrowIfNull(query);
        var verb = method == "HEAD" ? "GET" : method;
        var (values, signature) = Collect(query);
        CheckSignature(verb, path, values, signature);
        CheckTime(verb, values);
        return ToGrant(verb, path, values);
    }

    private static (string?[] Values, string Signature) Collect(IEnumerable<KeyValuePair<string, string>> query)
    {
        var values = new string?[UrlForm.Parameters.Length];
        string? signature = null;
        foreach (var (name, value) in query)
        {
            var index = Array.IndexOf(UrlForm.Parameters, name);
            if (index >= 0 && values[index] is null && value.Length > 0)
            {
                values[index] = value;
            }
            else if (index < 0 && name == "sig" && signature is null)
            {
                signature = value;
            }
            else
            {
                throw new UrlRefusedException(
                    $"The parameter '{Shorten(name)}' is unknown, empty or given twice. Use the URL as it was issued."
                );
            }
        }

        return (values, signature ?? throw new UrlRefusedException("The URL has no signature. Ask the API for one."));
    }

    private void CheckSignature(string method, string path, string?[] values, string signature)
    {
        if (
            !uint.TryParse(Value(values, "kid"), NumberStyles.None, CultureInfo.InvariantCulture, out var keyId)
            || secrets.UrlKeys.FirstOrDefault(key => key.Id == keyId) is not { } signingKey
        )
        {
            throw new UrlRefusedException("The URL names a signing key that is not in use. Ask the API for a new URL.");
        }

        Span<byte> given = stackalloc byte[FieldMac.MacBytes];
        var expected = UrlForm.Sign(signingKey.Key, secrets.ClusterId, method, path, values);
        if (
            // Not TryDecodeFromChars: it throws where a character is none of the alphabet.
            Base64Url.DecodeFromChars(signature, given, out _, out var bytes) != OperationStatus.Done
            || bytes != FieldMac.MacBytes
            || !CryptographicOperations.FixedTimeEquals(given, expected)
        )
        {
            throw new UrlRefusedException(
                "The signature does not match this method, path and parameters. Use the URL as it was issued."
            );
        }
    }

    private void CheckTime(string method, string?[] values)
    {
        var issued = Seconds(values, "iat");
        var expires = Seconds(values, "exp");
        var now = time.GetUtcNow();
        if (expires - issued > UrlSigner.LifetimeMax(method))
        {
            throw new UrlRefusedException("The URL claims a longer life than any URL may have.");
        }

        if (now < issued - ClockLeeway)
        {
            throw new UrlRefusedException("The URL is not valid yet. Check the clocks of the servers.");
        }

        if (now >= expires)
        {
            throw new UrlRefusedException("The URL has expired. Ask the API for a new one.");
        }
    }

    private static UrlGrant ToGrant(string method, string path, string?[] values) =>
        new()
        {
            Method = method,
            Path = path,
            Kind = Value(values, "kind") switch
            {
                null => RecordKind.None,
                "chunk" => RecordKind.Chunk,
                "manifest" => RecordKind.Manifest,
                _ => throw new UrlRefusedException("The URL names a kind of content that this release does not know."),
            },
            Bytes = Number(values, "len") ?? throw new UrlRefusedException("The URL names no length."),
            Name = Value(values, "name"),
            Type = Value(values, "type"),
            Disposition = Value(values, "disp"),
            Fingerprint = Value(values, "fp"),
            UploadId = Guid.TryParseExact(Value(values, "up"), "D", out var upload) ? upload : null,
            Index = (int?)Number(values, "idx"),
            Epoch = (uint?)Number(values, "ep"),
        };

    private static DateTimeOffset Seconds(string?[] values, string name) =>
        Number(values, name) is { } seconds and < 253_402_300_800
            ? DateTimeOffset.FromUnixTimeSeconds(seconds)
            : throw new UrlRefusedException($"The URL has no valid '{name}'.");

    private static long? Number(string?[] values, string name) =>
        long.TryParse(Value(values, name), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;

    private static string? Value(string?[] values, string name) => values[Array.IndexOf(UrlForm.Parameters, name)];

    private static string Shorten(string? name) => name is { Length: > 32 } ? name[..32] + "…" : name ?? "";
}
