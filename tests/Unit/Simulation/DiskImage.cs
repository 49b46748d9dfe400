namespace FileSharing.UnitTests.Simulation;

/// <summary>A disk without power: names, files and the index, all of it durable. Not changed once it is made; a <see cref="SimDisk"/> starts from it.</summary>
/// <param name="Names">Null for a directory.</param>
/// <param name="Index">Null when there is none.</param>
internal sealed record DiskImage(IReadOnlyDictionary<string, SimFile?> Names, IndexState? Index)
{
    public static DiskImage Empty { get; } =
        new(new Dictionary<string, SimFile?> { ["/"] = null, ["/disk"] = null }, Index: null);

    /// <summary>The same disk with one file changed.</summary>
    public DiskImage With(string path, SimFile file) =>
        this with
        {
            Names = new Dictionary<string, SimFile?>(Names) { [path] = file },
        };

    /// <summary>The files below <c>segments</c>, in order of number.</summary>
    public IReadOnlyList<string> Segments =>
        [.. Names.Keys.Where(path => path.EndsWith(".seg", StringComparison.Ordinal)).Order(StringComparer.Ordinal)];
}
