namespace FileSharing.UnitTests.Simulation;

/// <summary>What may survive a cut at one place, without leaving anything to chance.</summary>
internal static class CrashPoints
{
    private const int SectorBytes = 512;

    public static IEnumerable<Survival> Of(CrashWalk walk, TraceEvent last)
    {
        // What was asked changes nothing on the disk; what was answered changes what must be there.
        if (last is Began)
        {
            yield break;
        }

        yield return Survival.Nothing();
        if (last is Acknowledged or Refused or Observed)
        {
            yield break;
        }

        yield return Survival.Everything();
        yield return Survival.Nothing(index: int.MaxValue);
        yield return Survival.Everything(index: 0);
        yield return Survival.Everything(hasNoIndex: true);
        for (var index = 1; index < walk.IndexStates - 1; index++)
        {
            yield return Survival.Nothing(index);
        }

        for (var changes = 1; changes < walk.UnsyncedChanges; changes++)
        {
            yield return Survival.FirstChanges(changes, index: changes % walk.IndexStates);
        }

        for (var bytes = SectorBytes; bytes < walk.LastWriteBytes; bytes += SectorBytes)
        {
            yield return Survival.TornLast(bytes, index: bytes / SectorBytes % walk.IndexStates);
        }
    }
}
