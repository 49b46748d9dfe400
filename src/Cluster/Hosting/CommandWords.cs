using System.Text;

namespace FileSharing.Cluster.Hosting;

/// <summary>
/// Splits the line of a command into program and arguments. Blanks separate; <c>'…'</c> keeps everything as it is; within <c>"…"</c> a backslash keeps the
/// quote or backslash after it. Nothing else has a meaning: no variables, no patterns, no pipes. Described in docs/operations.md.
/// </summary>
internal static class CommandWords
{
    /// <exception cref="FormatException">A quote is not closed.</exception>
    public static IReadOnlyList<string> Split(string line)
    {
        var words = new List<string>();
        StringBuilder? word = null;
        for (var i = 0; i < line.Length; i++)
        {
            switch (line[i])
            {
                case ' ' or '\t' or '\n' or '\r':
                    Close(words, ref word);
                    break;
                case '\'' or '"':
                    i = ReadQuoted(line, i, word ??= new StringBuilder());
                    break;
                default:
                    (word ??= new StringBuilder()).Append(line[i]);
                    break;
            }
        }

        Close(words, ref word);
        return words;
    }

    /// <returns>Where the closing quote is.</returns>
    private static int ReadQuoted(string line, int open, StringBuilder word)
    {
        var quote = line[open];
        for (var i = open + 1; i < line.Length; i++)
        {
            if (line[i] == quote)
            {
                return i;
            }

            var isEscape = quote == '"' && line[i] == '\\' && i + 1 < line.Length && line[i + 1] is '"' or '\\';
            word.Append(isEscape ? line[++i] : line[i]);
        }

        throw new FormatException($"The quote {quote} is not closed.");
    }

    private static void Close(List<string> words, ref StringBuilder? word)
    {
        if (word is not null)
        {
            words.Add(word.ToString());
            word = null;
        }
    }
}
