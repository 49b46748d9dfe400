using System.Buffers;
using FileSharing.BlobEngine;
using FileSharing.Chunks;

namespace FileSharing.UnitTests.Simulation;

/// <summary>Looks through an open volume for what must not be.</summary>
internal static class Verdict
{
    /// <returns>What is wrong, in words; empty when nothing is.</returns>
    public static async Task<List<string>> OfAsync(SimVolume volume, Oracle oracle)
    {
        var wrong = new List<string>();
        wrong.AddRange(volume.Store.Recovery.Damage.Select(place => $"{place} is called damaged and was only torn"));
        var (records, bytes, owed) = (0, 0L, 0);
        for (var record = 0; record < TestRecords.Count; record++)
        {
            var state = volume.StateOf(record);
            if (!oracle.Allows(record, state))
            {
                wrong.Add($"record {record} is {state}, may be {string.Join(" or ", oracle.StatesOf(record))}");
            }

            if (state.IsPresent)
            {
                records++;
                owed += state.IsOwed ? 1 : 0;
                bytes += volume.Store.Find(TestRecords.IdOf(record))!.RecordBytes;
                await CheckBytesAsync(volume.Store, record, oracle.MayBeUnreadable(record), wrong);
            }
        }

        var stats = volume.Store.Stats();
        if ((stats.Records, stats.LiveRecordBytes, stats.Owed) != (records, bytes, owed))
        {
            wrong.Add(
                $"counted are {stats.Records} records of {stats.LiveRecordBytes} bytes, {stats.Owed} owed; there are {records} of {bytes}, {owed} owed"
            );
        }

        if (
            volume.Store.ListOwed(null, int.MaxValue).Count != owed
            || volume.Store.List(null, int.MaxValue).Count != records
        )
        {
            wrong.Add("the lists do not have what is there");
        }

        return wrong;
    }

    private static async Task CheckBytesAsync(BlobStore store, int record, bool mayBeUnreadable, List<string> wrong)
    {
        var id = TestRecords.IdOf(record);
        try
        {
            using var stored = await store.ReadRecordAsync(id, CancellationToken.None);
            // One that was encoded anew has other bytes and the same plaintext.
            var isGood = stored is { Header.KeyId: 0 }
                ? stored.Memory.Span.SequenceEqual(TestRecords.BytesOf(record))
                : await HasPlaintextAsync(store, record);
            if (!isGood)
            {
                wrong.Add($"record {record} has other bytes");
            }
        }
        catch (BlobException error) when (!(mayBeUnreadable && error.Error == BlobError.Damaged))
        {
            wrong.Add($"record {record} cannot be read: {error.Message}");
        }
        catch (BlobException)
        {
            // The disk has damaged it, and nothing has healed it for certain.
        }
    }

    private static async Task<bool> HasPlaintextAsync(BlobStore store, int record)
    {
        var expected = TestRecords.PlainBytesOf(record);
        var plain = new ArrayBufferWriter<byte>(expected.Length);
        var isThere = await store.ReadPlainAsync(
            TestRecords.IdOf(record),
            RecordKind.Chunk,
            0,
            expected.Length,
            plain,
            CancellationToken.None
        );
        return isThere && plain.WrittenSpan.SequenceEqual(expected);
    }
}
