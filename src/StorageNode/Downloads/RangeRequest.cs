using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace FileSharing.StorageNode.Downloads;

/// <summary>A stretch of the whole content.</summary>
internal readonly record struct ByteRange(long Offset, long Length)
{
    public long Last => Offset + Length - 1;
}

/// <summary>What a Range header asks of a content of a given size: RFC 9110, section 14.</summary>
internal static class RangeRequest
{
    /// <summary>Ranges after coalescing; more are an attack or a mistake, and get the whole content.</summary>
    public const int RangesMax = 64;

    /// <returns>Null: send everything. Empty: none can be satisfied, answer 416.</returns>
    public static IReadOnlyList<ByteRange>? Parse(HttpRequest request, EntityTagHeaderValue etag, long size)
    {
        // Range is defined for GET only (RFC 9110, 14.2).
        if (
            !HttpMethods.IsGet(request.Method)
            || !RangeHeaderValue.TryParse(request.Headers.Range.ToString(), out var range)
            || range.Unit != "bytes"
            || range.Ranges.Count == 0
            || !IfRangeHolds(request, etag)
        )
        {
            return null;
        }

        var satisfiable = range.Ranges.Select(item => Resolve(item, size)).OfType<ByteRange>().ToList();
        var ranges = Coalesce(satisfiable);
        return ranges.Count > RangesMax ? null : ranges;
    }

    /// <summary>With If-Range the ranges count only while the content is the same; a date never matches, because there is none.</summary>
    private static bool IfRangeHolds(HttpRequest request, EntityTagHeaderValue etag)
    {
        var ifRange = request.Headers.IfRange.ToString();
        return ifRange.Length == 0
            || (
                RangeConditionHeaderValue.TryParse(ifRange, out var condition)
                && condition.EntityTag?.Compare(etag, useStrongComparison: true) == true
            );
    }

    private static ByteRange? Resolve(RangeItemHeaderValue item, long size)
    {
        if (item.From is not { } from)
        {
            var suffix = Math.Min(item.To ?? 0, size);
            return suffix > 0 ? new ByteRange(size - suffix, suffix) : null;
        }

        return from < size ? new ByteRange(from, Math.Min(item.To ?? long.MaxValue, size - 1) - from + 1) : null;
    }

    /// <summary>Overlapping and touching ranges become one, in the order of the first; the others keep their order.</summary>
    private static List<ByteRange> Coalesce(List<ByteRange> ranges)
    {
        var result = new List<ByteRange>();
        foreach (var range in ranges)
        {
            var merged = range;
            for (var i = result.Count - 1; i >= 0; i--)
            {
                if (merged.Offset <= result[i].Last + 1 && result[i].Offset <= merged.Last + 1)
                {
                    var start = Math.Min(merged.Offset, result[i].Offset);
                    merged = new ByteRange(start, Math.Max(merged.Last, result[i].Last) - start + 1);
                    result.RemoveAt(i);
                }
            }

            result.Add(merged);
        }

        return result;
    }
}
