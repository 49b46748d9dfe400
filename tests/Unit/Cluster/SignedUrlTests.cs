using System.Web;
using FileSharing.Chunks;
using FileSharing.Cluster.Signing;

namespace FileSharing.UnitTests.Cluster;

public sealed class SignedUrlTests
{
    private static readonly DateTimeOffset Issued = DateTimeOffset.FromUnixTimeSeconds(1_700_000_000);
    private static readonly ChunkId Content = ChunkId.Parse(new string('a', 64));

    private readonly SettableTime time = new(Issued);

    private static ClusterSecrets Secrets(params SigningKey[] keys) =>
        new()
        {
            ClusterId = Guid.Parse("11111111-2222-3333-4444-555555555555"),
            UrlKeys = keys.Length > 0 ? keys : [new SigningKey(1, [.. Enumerable.Range(0, 32).Select(i => (byte)i)])],
            ReceiptKey = [.. Enumerable.Repeat((byte)7, 32)],
            InternalKey = [.. Enumerable.Repeat((byte)8, 32)],
            MapKey = [.. Enumerable.Repeat((byte)9, 32)],
            DataKeys = [],
            ChunkingPolicy = "dedup",
        };

    private static UrlGrant Download =>
        UrlGrant.GetFile(Content, RecordKind.Manifest, 1_048_577, "a b.txt", "text/plain");

    private string Sign(UrlGrant grant, ClusterSecrets? secrets = null) =>
        new UrlSigner(secrets ?? Secrets(), time).Sign(grant, TimeSpan.FromHours(1));

    private UrlGrant Verify(string method, string url, ClusterSecrets? secrets = null)
    {
        var parts = url.Split('?');
        var query = HttpUtility.ParseQueryString(parts[1]);
        return new UrlVerifier(secrets ?? Secrets(), time).Verify(
            method,
            parts[0],
            query.AllKeys.SelectMany(key => query.GetValues(key)!.Select(value => KeyValuePair.Create(key!, value)))
        );
    }

    [Fact]
    public void The_signature_of_the_documented_vector_stays_what_it_is()
    {
        Assert.EndsWith("&sig=q4Stf32zTo3mzefpjQW4EDdFZUopXHcBcJ0SfEj4ze4", Sign(Download), StringComparison.Ordinal);
    }

    [Fact]
    public void A_url_opens_what_it_was_signed_for_and_HEAD_counts_as_GET()
    {
        var grant = Verify("HEAD", Sign(Download));

        Assert.Equal(Download, grant);
    }

    [Theory]
    [InlineData("kind=manifest", "kind=chunk")]
    [InlineData("len=1048577", "len=1048576")]
    [InlineData("name=a%20b.txt", "name=b.txt")]
    [InlineData("exp=1700003600", "exp=1700003601")]
    [InlineData("iat=1700000000", "iat=1699999999")]
    [InlineData("disp=attachment", "disp=inline")]
    [InlineData("/v1/files/aaaa", "/v1/files/aaab")]
    public void A_url_with_one_altered_field_is_refused(string was, string becomes)
    {
        var url = Sign(Download);
        Assert.Contains(was, url, StringComparison.Ordinal);

        Assert.Throws<UrlRefusedException>(() => Verify("GET", url.Replace(was, becomes, StringComparison.Ordinal)));
    }

    [Fact]
    public void Every_single_altered_character_of_a_url_is_refused()
    {
        var url = Sign(UrlGrant.PutChunk(Content, 4096, Guid.Parse("22222222-0000-0000-0000-000000000000"), 3, 9));
        for (var i = 0; i < url.Length; i++)
        {
            var altered = url[..i] + (url[i] == '0' ? '1' : '0') + url[(i + 1)..];
            if (
                HttpUtility.UrlDecode(altered) != HttpUtility.UrlDecode(url)
                && altered.Contains('?', StringComparison.Ordinal)
            )
            {
                Assert.Throws<UrlRefusedException>(() => Verify("PUT", altered));
            }
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("=")]
    [InlineData("!!!!")]
    [InlineData("q4Stf32zTo3mzefpjQW4EDdFZUopXHcBcJ0SfEj4ze")]
    public void A_signature_that_is_none_is_refused_like_a_wrong_one(string signature)
    {
        var url = Sign(Download);
        var altered = url[..(url.IndexOf("&sig=", StringComparison.Ordinal) + 5)] + signature;

        Assert.Throws<UrlRefusedException>(() => Verify("GET", altered));
    }

    [Fact]
    public void A_download_url_cannot_upload()
    {
        Assert.Throws<UrlRefusedException>(() => Verify("PUT", Sign(Download)));
    }

    [Theory]
    [InlineData("&kid=1")]
    [InlineData("&extra=1")]
    [InlineData("&sig=x")]
    [InlineData("&fp=")]
    public void An_unknown_repeated_or_empty_parameter_is_refused(string addition)
    {
        Assert.Throws<UrlRefusedException>(() => Verify("GET", Sign(Download) + addition));
    }

    [Fact]
    public void A_url_is_refused_at_its_expiry_without_leeway_and_a_minute_before_its_issue()
    {
        var url = Sign(Download);

        time.Now = Issued.AddHours(1).AddSeconds(-1);
        Verify("GET", url);
        time.Now = Issued.AddHours(1);
        Assert.Throws<UrlRefusedException>(() => Verify("GET", url));
        time.Now = Issued.AddSeconds(-60);
        Verify("GET", url);
        time.Now = Issued.AddSeconds(-61);
        Assert.Throws<UrlRefusedException>(() => Verify("GET", url));
    }

    [Fact]
    public void During_rotation_the_new_key_signs_and_both_verify_and_a_retired_one_is_refused()
    {
        var old = new SigningKey(1, ClusterSecrets.NewKey());
        var next = new SigningKey(2, ClusterSecrets.NewKey());
        var before = Sign(Download, Secrets(old));
        var during = Sign(Download, Secrets(old, next));

        Assert.Contains("kid=2", during, StringComparison.Ordinal);
        Verify("GET", before, Secrets(old, next));
        Verify("GET", during, Secrets(old, next));
        Assert.Throws<UrlRefusedException>(() => Verify("GET", before, Secrets(next)));
    }

    [Fact]
    public void A_url_of_another_cluster_with_the_same_key_is_refused()
    {
        var other = Secrets() with { ClusterId = Guid.Parse("99999999-2222-3333-4444-555555555555") };

        Assert.Throws<UrlRefusedException>(() => Verify("GET", Sign(Download, other)));
    }

    [Fact]
    public void A_longer_life_than_the_verb_may_have_is_neither_signed_nor_believed()
    {
        var signer = new UrlSigner(Secrets(), time);

        Assert.Throws<ArgumentOutOfRangeException>(() => signer.Sign(Download, TimeSpan.FromHours(2)));
    }

    [Fact]
    public void A_receipt_is_accepted_only_unaltered()
    {
        var signer = new ReceiptSigner(Secrets());
        var receipt = signer.Sign(Guid.NewGuid(), 3, 9, [new ChunkSize(Content, 100)], "node");

        Assert.True(signer.Verify(receipt));
        Assert.False(signer.Verify(receipt with { UploadId = Guid.NewGuid() }));
        Assert.False(signer.Verify(receipt with { Index = 4 }));
        Assert.False(signer.Verify(receipt with { Epoch = 8 }));
        Assert.False(signer.Verify(receipt with { Node = "other" }));
        Assert.False(signer.Verify(receipt with { Chunks = [new ChunkSize(Content, 101)] }));
        Assert.False(signer.Verify(receipt with { Chunks = [.. receipt.Chunks, .. receipt.Chunks] }));
        Assert.False(signer.Verify(receipt with { Mac = "" }));
    }

    [Fact]
    public void An_internal_call_is_believed_for_its_method_path_body_and_minute_only()
    {
        var auth = new InternalAuth(Secrets(), time);
        var credentials = auth.Sign("api", "POST", "/internal/v1/x?y=1", "sha-256=:abc:");

        Assert.Equal("api", auth.Verify(credentials, "POST", "/internal/v1/x?y=1", "sha-256=:abc:"));
        Assert.Null(auth.Verify(credentials, "GET", "/internal/v1/x?y=1", "sha-256=:abc:"));
        Assert.Null(auth.Verify(credentials, "POST", "/internal/v1/x?y=2", "sha-256=:abc:"));
        Assert.Null(auth.Verify(credentials, "POST", "/internal/v1/x?y=1", "sha-256=:abd:"));
        Assert.Null(auth.Verify(credentials, "POST", "/internal/v1/x?y=1", null));
        Assert.Null(
            auth.Verify(
                credentials.Replace("api", "apx", StringComparison.Ordinal),
                "POST",
                "/internal/v1/x?y=1",
                "sha-256=:abc:"
            )
        );
        Assert.Null(auth.Verify(null, "POST", "/internal/v1/x?y=1", null));
        time.Now = Issued.AddSeconds(61);
        Assert.Null(auth.Verify(credentials, "POST", "/internal/v1/x?y=1", "sha-256=:abc:"));
    }
}
