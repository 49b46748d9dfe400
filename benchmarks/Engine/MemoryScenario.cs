using FileSharing.BlobEngine;
using FileSharing.Chunks;
using static FileSharing.Engine.Report;

namespace FileSharing.Engine;

/// <summary>256 puts of 4 MiB at once. Their records exist before: what grows beyond them is the engine's own memory.</summary>
internal static class MemoryScenario
{
    private const int Puts = 256;
    private const int Bytes = 4 << 20;
    private const int Rounds = 4;
    private const long Mebibyte = 1 << 20;

    public static async Task RunAsync(Run run)
    {
        var path = run.Fresh();
        await using (var volume = await BenchVolume.OpenAsync(path))
        {
            // Batches of the writer, and what the index may hold unsorted and cached.
            var index = new VolumeOptions
            {
                Path = path,
                ClusterId = Guid.Empty,
                NodeName = "",
            }.Index;
            var bound = (2L * BufferPool.BufferBytesMax) + (3L * index.WriteBufferBytes) + index.BlockCacheBytes;
            var records = new byte[Puts][];
            var lengths = new int[Puts];
            var plain = new byte[Bytes];
            new Random(3).NextBytes(plain);
            long grown = 0;
            for (var round = 0; round < Rounds; round++)
            {
                Encode(volume.Codec, plain, round, records, lengths);
                Proc.ResetPeak();
                var before = Proc.ResidentBytes;
                await Task.WhenAll(
                    Enumerable
                        .Range(0, Puts)
                        .Select(i =>
                            Task.Run(async () =>
                                await volume.Store.PutAsync(
                                    records[i].AsMemory(0, lengths[i]),
                                    new PutOptions(1, Owed: false),
                                    CancellationToken.None
                                )
                            )
                        )
                );
                grown = Math.Max(grown, Proc.PeakResidentBytes - before);
            }

            Line(
                $"{Puts} puts of 4 MiB at once, memory of the engine",
                Text($"≤ {bound / Mebibyte} MiB, what the options bound"),
                Text($"{grown / Mebibyte} MiB at the peak"),
                conditions: Text(
                    $"above the {Puts * (long)Bytes / Mebibyte} MiB of the records that the callers hold; {Rounds} rounds; the peak of the whole process is {Proc.PeakResidentBytes / Mebibyte} MiB"
                )
            );
        }

        Directory.Delete(path, recursive: true);
    }

    private static void Encode(RecordCodec codec, byte[] plain, int round, byte[][] records, int[] lengths)
    {
        for (var i = 0; i < Puts; i++)
        {
            records[i] ??= GC.AllocateUninitializedArray<byte>(RecordCodec.RecordBytesMax(Bytes), pinned: true);
            BitConverter.TryWriteBytes(plain, (round * Puts) + i);
            lengths[i] = codec.Encode(RecordKind.Chunk, ChunkId.OfChunk(plain), plain, records[i]);
        }
    }
}
