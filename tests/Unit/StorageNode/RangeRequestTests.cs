using FileSharing.StorageNode.Downloads;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace FileSharing.UnitTests.StorageNode;

public sealed class RangeRequestTests
{
    private static readonly EntityTagHeaderValue ETag = new("\"e\"");

    private static string? Parse(string? range, string? ifRange = null, long size = 1000, string method = "GET")
    {
        var request = new DefaultHttpContext().Request;
        request.Method = method;
        request.Headers.Range = range;
        request.Headers.IfRange = ifRange;
        var ranges = RangeRequest.Parse(request, ETag, size);
        return ranges is null ? null : string.Join(',', ranges.Select(r => $"{r.Offset}-{r.Last}"));
    }

    [Theory]
    [InlineData("bytes=0-0", "0-0")]
    [InlineData("bytes=10-19", "10-19")]
    [InlineData("bytes=990-", "990-999")]
    [InlineData("bytes=990-5000", "990-999")]
    [InlineData("bytes=-5", "995-999")]
    [InlineData("bytes=-5000", "0-999")]
    [InlineData("bytes=0-9,20-29", "0-9,20-29")]
    [InlineData("bytes=20-29,0-9", "20-29,0-9")]
    [InlineData("bytes=0-9,5-15,16-20", "0-20")]
    [InlineData("bytes=0-9,2000-3000", "0-9")]
    public void Ranges_are_resolved_clipped_and_coalesced(string header, string expected) =>
        Assert.Equal(expected, Parse(header));

    [Theory]
    [InlineData("bytes=1000-")]
    [InlineData("bytes=1000-2000,5000-")]
    [InlineData("bytes=-0")]
    public void What_lies_outside_is_unsatisfiable(string header) => Assert.Equal("", Parse(header));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("bytes=9-1")]
    [InlineData("bytes=a-b")]
    [InlineData("lines=1-2")]
    public void What_is_not_a_range_gets_everything(string? header) => Assert.Null(Parse(header));

    [Fact]
    public void An_empty_content_satisfies_no_range() => Assert.Equal("", Parse("bytes=0-", size: 0));

    [Fact]
    public void More_ranges_than_anybody_needs_get_everything() =>
        Assert.Null(Parse("bytes=" + string.Join(',', Enumerable.Range(0, 65).Select(i => $"{i * 10}-{i * 10}"))));

    [Theory]
    [InlineData("\"e\"", "1-2")]
    [InlineData("\"other\"", null)]
    [InlineData("W/\"e\"", null)]
    [InlineData("Sat, 01 Jan 2022 00:00:00 GMT", null)]
    public void Ranges_count_only_while_the_content_is_the_same(string ifRange, string? expected) =>
        Assert.Equal(expected, Parse("bytes=1-2", ifRange));

    [Fact]
    public void HEAD_ignores_ranges() => Assert.Null(Parse("bytes=1-2", method: "HEAD"));
}
