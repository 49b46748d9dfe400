namespace FileSharing.BlobEngine;

/// <summary>Counts what a sweep does. Thread-safe.</summary>
internal sealed class SweepSums
{
    private long records;
    private long condemned;
    private long condemnedBytes;
    private long trashed;
    private long trashedBytes;
    private long revived;
    private long withheld;

    public SweepReport Report =>
        new(records, new RecordSum(condemned, condemnedBytes), new RecordSum(trashed, trashedBytes), revived, withheld);

    public void Look(int count) => Interlocked.Add(ref records, count);

    public void Withhold() => Interlocked.Increment(ref withheld);

    /// <param name="into">The state that a record has got.</param>
    /// <param name="bytes">Of the record.</param>
    public void Count(GcState into, int bytes)
    {
        switch (into)
        {
            case GcState.Condemned:
                Interlocked.Increment(ref condemned);
                Interlocked.Add(ref condemnedBytes, bytes);
                break;
            case GcState.Trashed:
                Interlocked.Increment(ref trashed);
                Interlocked.Add(ref trashedBytes, bytes);
                break;
            default:
                Interlocked.Increment(ref revived);
                break;
        }
    }
}
