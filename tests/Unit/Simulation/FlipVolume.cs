using System.Buffers;
using FileSharing.BlobEngine;
using FileSharing.Chunks;

namespace FileSharing.UnitTests.Simulation;

/// <summary>A volume with something of everything in it, and what must still be so when one place of it is damaged.</summary>
internal static class FlipVolume
{
    /// <param name="isClosed">False for what a power cut leaves when everything written had become durable.</param>
    /// <param name="random">What is in it.</param>
    public static async Task<(DiskImage Disk, RecordState[] Present)> MakeAsync(bool isClosed, Random random)
    {
        var trace = new Trace();
        var volume = await SimVolume.OpenAsync(new SimMachine(DiskImage.Empty, trace));
        await volume.Store.StoreKeysAsync(SimKeys.Wrapped, CancellationToken.None);
        foreach (var record in Enumerable.Range(0, TestRecords.Count).Where(_ => random.Next(8) > 0))
        {
            await volume.PutAsync(record, (uint)random.Next(1, 4), owed: random.Next(4) == 0);
            await volume.DeleteAsync(random.Next(TestRecords.Count));
            await volume.AdoptAsync(random.Next(TestRecords.Count), 5);
        }

        var present = Enumerable.Range(0, TestRecords.Count).Select(volume.StateOf).ToArray();
        var cutAt = trace.Events.Count;
        await volume.DisposeAsync();
        var recording = new Recording("flips", 0, DiskImage.Empty, new Oracle(), trace);
        return (recording.WalkTo(isClosed ? trace.Events.Count : cutAt).Crash(Survival.Everything()), present);
    }

    /// <summary>Opens the damaged volume and reads everything.</summary>
    /// <param name="damaged">The disk, and what it cannot read.</param>
    /// <param name="present">What was there.</param>
    /// <param name="place">What was damaged.</param>
    /// <param name="lostMax">Records that may be lost with it: every batch holds one.</param>
    /// <param name="mayHitEnd">Whether the last batch of the log may be hit.</param>
    /// <param name="random">Whether the index is still there.</param>
    /// <returns>Whether anything showed the damage, and what must not be.</returns>
    public static async Task<(bool IsNoticed, List<string> Wrong)> LookAsync(
        (DiskImage Disk, DiskFaults Faults) damaged,
        RecordState[] present,
        Place place,
        int lostMax,
        bool mayHitEnd,
        Random random
    )
    {
        var wrong = new List<string>();
        var isWithoutIndex = random.Next(4) == 0;
        try
        {
            var disk = isWithoutIndex ? damaged.Disk with { Index = null } : damaged.Disk;
            await using var volume = await SimVolume.OpenAsync(new SimMachine(disk, new Trace(), damaged.Faults));
            var lost = await CountLostAsync(volume, present, wrong);
            var recovery = volume.Store.Recovery;
            var isReported = recovery.Damage.Count > 0 || recovery.TornTailBytes > 0;
            // The last batch, lost with the index, leaves no trace.
            if (lost.Absent > 0 && !isReported && !(isWithoutIndex && mayHitEnd))
            {
                wrong.Add($"{lost.Absent} records are gone and nothing says why");
            }

            if (lost.Absent + lost.Damaged > lostMax)
            {
                wrong.Add($"{lost.Absent} records are gone and {lost.Damaged} damaged; at most {lostMax} lie there");
            }

            return (lost.Absent + lost.Damaged > 0 || isReported, wrong);
        }
        catch (BlobException error) when (place.Structure is Structure.VolumeFile or Structure.KeyFile)
        {
            if (error.Error != BlobError.NotAVolume)
            {
                wrong.Add($"{error.Error}: {error.Message}");
            }

            return (true, wrong);
        }
#pragma warning disable CA1031 // Any other exception is the finding.
        catch (Exception error)
#pragma warning restore CA1031
        {
            wrong.Add(error.ToString());
            return (true, wrong);
        }
    }

    private static async Task<(int Absent, int Damaged)> CountLostAsync(
        SimVolume volume,
        RecordState[] present,
        List<string> wrong
    )
    {
        var (absent, unreadable) = (0, 0);
        for (var record = 0; record < present.Length; record++)
        {
            var isThere = volume.StateOf(record).IsPresent;
            absent += present[record].IsPresent && !isThere ? 1 : 0;
            if (isThere && !await IsReadableAsync(volume.Store, record, wrong))
            {
                unreadable++;
            }
        }

        return (absent, unreadable);
    }

    /// <summary>Read whole and in part; false when it is said to be damaged.</summary>
    private static async Task<bool> IsReadableAsync(BlobStore store, int record, List<string> wrong)
    {
        var id = TestRecords.IdOf(record);
        try
        {
            using var stored = await store.ReadRecordAsync(id, CancellationToken.None);
            var plain = new ArrayBufferWriter<byte>();
            var bytes = TestRecords.PlainBytesOf(record);
            await store.ReadPlainAsync(id, RecordKind.Chunk, 0, bytes.Length, plain, CancellationToken.None);
            if (
                !stored!.Memory.Span.SequenceEqual(TestRecords.BytesOf(record))
                || !plain.WrittenSpan.SequenceEqual(bytes)
            )
            {
                wrong.Add($"record {record} is delivered with wrong bytes");
            }

            return true;
        }
        catch (BlobException error) when (error.Error == BlobError.Damaged)
        {
            return false;
        }
    }
}
