namespace FileSharing.Cluster.Map;

/// <summary>The finaliser of SplitMix64 (Steele, Lea, Flood 2014): every bit of the argument changes about half of the result. Placement rests on it: never change it.</summary>
internal static class Mix64
{
    public static ulong Of(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
