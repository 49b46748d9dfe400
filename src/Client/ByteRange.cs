using System.Globalization;

namespace FileSharing.Client;

/// <summary>A range of a file as <c>--range</c> writes it: <c>A-B</c> (inclusive), <c>A-</c> (to the end) or <c>-N</c> (the last N bytes).</summary>
/// <param name="First">First byte, counted from 0; null in the form -N.</param>
/// <param name="Last">Last byte, inclusive; the number of bytes in the form -N; null in the form A-.</param>
public readonly record struct ByteRange(long? First, long? Last)
{
    /// <summary>The whole file.</summary>
    public static readonly ByteRange All = new(0, null);

    public static bool TryParse(string text, out ByteRange range)
    {
        range = default;
        var parts = text.Split('-');
        if (parts.Length != 2 || (parts[0].Length == 0 && parts[1].Length == 0))
        {
            return false;
        }

        if (!TryParseNumber(parts[0], out var first) || !TryParseNumber(parts[1], out var last))
        {
            return false;
        }

        range = new ByteRange(first, last);
        return first is null || last is null || first <= last;
    }

    /// <summary>The bytes of a file of this size that the range stands for; a length of 0 when it lies behind the end.</summary>
    public (long Offset, long Length) Within(long size)
    {
        if (First is null)
        {
            var length = Math.Min(Last ?? 0, size);
            return (size - length, length);
        }

        var end = Last is { } last && last < size ? last + 1 : size;
        return (First.Value, Math.Max(0, end - First.Value));
    }

    private static bool TryParseNumber(string text, out long? number)
    {
        number = null;
        if (text.Length == 0)
        {
            return true;
        }

        var parsed = long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value);
        number = value;
        return parsed;
    }
}
