using System.Globalization;
using System.Text;

namespace FileSharing.StorageNode.Membership;

/// <summary>
/// The file <c>refused</c> in the directory of a volume that the cluster does not take: the incarnation from which it came. Each opening advances the volume's own number, so that
/// without the note a copy would be taken once it was opened often enough, as by a supervisor of services that starts the node again and again.
/// </summary>
internal static class RefusalNote
{
    /// <returns>Null when the volume was not refused; 0, which is refused wherever anything is on record, when the note cannot be read.</returns>
    public static long? Read(string directory)
    {
        try
        {
            return long.TryParse(File.ReadAllText(PathIn(directory)), CultureInfo.InvariantCulture, out var previous)
                ? previous
                : 0;
        }
        catch (FileNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Durable when it returns.</summary>
    /// <exception cref="IOException">The disk does not take it.</exception>
    public static void Write(string directory, long previousIncarnation) =>
        NodeFiles.Replace(PathIn(directory), Encoding.ASCII.GetBytes($"{previousIncarnation}\n"));

    /// <summary>The cluster takes the volume after all.</summary>
    public static void Remove(string directory) => File.Delete(PathIn(directory));

    private static string PathIn(string directory) => Path.Combine(directory, "refused");
}
