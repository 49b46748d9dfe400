namespace FileSharing.Cli.Terminal;

/// <summary>
/// Lines in aligned columns. Not a drawn table: a list of files is piped as often as it is read, and must not be cut to a width.
/// </summary>
internal static class Columns
{
    private const string Gap = "  ";

    /// <param name="rightAligned">Numbers of the columns, from 0, that are aligned at their right.</param>
    public static IEnumerable<string> Align(IReadOnlyList<string[]> rows, params int[] rightAligned)
    {
        if (rows.Count == 0)
        {
            yield break;
        }

        var widths = Enumerable.Range(0, rows[0].Length).Select(c => rows.Max(row => row[c].Length)).ToArray();
        foreach (var row in rows)
        {
            var cells = row.Select(
                (cell, c) => rightAligned.Contains(c) ? cell.PadLeft(widths[c]) : cell.PadRight(widths[c])
            );
            yield return string.Join(Gap, cells).TrimEnd();
        }
    }
}
