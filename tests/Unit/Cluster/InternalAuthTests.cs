using FileSharing.Cluster.Signing;

namespace FileSharing.UnitTests.Cluster;

public sealed class InternalAuthTests
{
    private const string Digest = "sha-256=:x:";

    private readonly SettableTime time = new(DateTimeOffset.UnixEpoch.AddYears(50));

    private static ClusterSecrets Secrets(byte key = 8, string cluster = "11111111-2222-3333-4444-555555555555") =>
        new()
        {
            ClusterId = Guid.Parse(cluster),
            UrlKeys = [new SigningKey(1, [.. Enumerable.Repeat((byte)8, 32)])],
            ReceiptKey = [.. Enumerable.Repeat((byte)7, 32)],
            InternalKey = [.. Enumerable.Repeat(key, 32)],
            MapKey = [.. Enumerable.Repeat((byte)9, 32)],
            DataKeys = [],
            ChunkingPolicy = "dedup",
        };

    private InternalAuth Auth(ClusterSecrets? secrets = null) => new(secrets ?? Secrets(), time);

    private string Signed(ClusterSecrets? secrets = null) =>
        Auth(secrets).Sign("node-a", "POST", "/internal/v1/x?y=1", Digest);

    private string? Verified(string credentials) => Auth().Verify(credentials, "POST", "/internal/v1/x?y=1", Digest);

    [Fact]
    public void A_call_of_this_cluster_names_its_sender() => Assert.Equal("node-a", Verified(Signed()));

    [Fact]
    public void Every_single_altered_character_is_refused()
    {
        var signed = Signed();
        for (var i = 0; i < signed.Length; i++)
        {
            var altered = signed[..i] + (signed[i] == '1' ? '2' : '1') + signed[(i + 1)..];
            // The last character of base64url holds bits that stand for nothing.
            if (i < signed.Length - 1)
            {
                Assert.Null(Verified(altered));
            }
        }
    }

    [Fact]
    public void The_mac_of_another_key_or_cluster_is_refused()
    {
        Assert.Null(Verified(Signed(Secrets(key: 9))));
        Assert.Null(Verified(Signed(Secrets(cluster: "11111111-2222-3333-4444-555555555556"))));
    }

    [Theory]
    [InlineData("PUT", "/internal/v1/x?y=1", Digest)]
    [InlineData("POST", "/internal/v1/x?y=2", Digest)]
    [InlineData("POST", "/internal/v1/x?y=1", "sha-256=:z:")]
    [InlineData("POST", "/internal/v1/x?y=1", null)]
    public void The_mac_of_another_call_is_refused(string method, string path, string? digest) =>
        Assert.Null(Auth().Verify(Signed(), method, path, digest));

    [Theory]
    [InlineData(59, true)]
    [InlineData(61, false)]
    public void A_call_is_good_for_a_minute_on_either_side(int seconds, bool isGood)
    {
        var before = Signed();
        time.Now += TimeSpan.FromSeconds(seconds);
        Assert.Equal(isGood, Verified(before) is not null);

        var after = Signed();
        time.Now -= TimeSpan.FromSeconds(seconds);
        Assert.Equal(isGood, Verified(after) is not null);
    }

    [Fact]
    public void Of_a_call_that_is_right_but_for_its_time_the_sender_and_the_difference_are_known_and_of_no_other()
    {
        var late = Signed();
        time.Now += TimeSpan.FromHours(1);

        Assert.Equal(("node-a", TimeSpan.FromHours(-1)), Difference(late));
        Assert.Null(Difference(Signed()));
        Assert.Null(Difference(late.Replace("node-a", "node-b", StringComparison.Ordinal)));
    }

    private (string, TimeSpan)? Difference(string credentials) =>
        Auth().ClockDifference(credentials, "POST", "/internal/v1/x?y=1", Digest);

    [Theory]
    [InlineData("")]
    [InlineData("sender=api,ts=1")]
    [InlineData("sender=api,ts=1,mac=")]
    [InlineData("ts=1,sender=api,mac=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public void What_is_no_credential_is_refused(string credentials) => Assert.Null(Verified(credentials));
}
