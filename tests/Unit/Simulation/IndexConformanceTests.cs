using FileSharing.BlobEngine;

namespace FileSharing.UnitTests.Simulation;

/// <summary>One suite for both stores below the index: what the simulation believes of an index is what RocksDB does.</summary>
[Trait(Soak.Trait, Soak.Engine)]
public sealed class IndexConformanceTests : IDisposable
{
    private const string Nowhere = SimVolume.IndexPath;

    private readonly string directory = Directory.CreateTempSubdirectory("fileshare-unit-").FullName;

    [Fact]
    public void The_store_and_its_model_give_the_same_answers()
    {
        var seed = Soak.Seed();
        for (var run = 0; run < Soak.Count(3, 300); run++)
        {
            Compare([IndexChild.EngineOf(), new SimIndex(new Trace(), found: null)], seed + run, steps: 400);
        }

        Soak.Report($"the index and its model: {Soak.Count(3, 300)} runs of 400 steps, alike, seed {seed}");
    }

    [Fact]
    public async Task A_kill_leaves_the_store_with_whole_batches_and_all_that_were_flushed()
    {
        var seed = Soak.Seed();
        var random = new Random(seed);
        var kills = Soak.Count(3, 200);
        var lost = 0;
        for (var kill = 0; kill < kills; kill++)
        {
            var place = Path.Combine(directory, $"kill-{kill}");
            Directory.CreateDirectory(place);
            using (var child = IndexChild.Start(place, seed + kill))
            {
                await WaitForFlushAsync(place);
                await Task.Delay(random.Next(100));
                child.Kill();
                await child.WaitForExitAsync();
            }

            using var store = IndexChild.EngineOf().Open(Path.Combine(place, "index"));
            var applied = IndexScript.NumberIn(store);
            Assert.True(
                applied >= IndexChild.Flushed(place),
                $"seed {seed + kill}: {applied} is before the last flush"
            );
            Assert.Equal(
                IndexScript.Walk(Replayed(seed + kill, applied), [], int.MaxValue),
                IndexScript.Walk(store, [], int.MaxValue)
            );
            lost += applied;
        }

        Soak.Report(
            $"kills of a process that writes its index: {kills}, each left a whole prefix (of {lost / kills} batches), seed {seed}"
        );
    }

    private void Compare(IIndexEngine[] engines, int seed, int steps)
    {
        var (real, model) = (engines[0], engines[1]);
        var random = new Random(seed);
        var path = Path.Combine(directory, $"index-{seed}");
        var (left, right) = (real.Open(path), model.Open(Nowhere));
        var (leftBatch, rightBatch) = (left.NewBatch(), right.NewBatch());
        for (var step = 0; step < steps; step++)
        {
            switch (random.Next(12))
            {
                case < 5:
                    leftBatch.Clear();
                    rightBatch.Clear();
                    IndexScript.Fill(leftBatch, seed, step);
                    IndexScript.Fill(rightBatch, seed, step);
                    left.Write(leftBatch);
                    right.Write(rightBatch);
                    break;
                case < 9:
                    CompareKey(left, right, IndexScript.KeyOf(random.Next(500)), $"seed {seed}, step {step}");
                    break;
                case 9:
                    var (from, max) = (IndexScript.KeyOf(random.Next(500)), random.Next(1, 60));
                    Assert.Equal(IndexScript.Walk(right, from, max), IndexScript.Walk(left, from, max));
                    break;
                case 10:
                    left.Flush();
                    right.Flush();
                    break;
                default:
                    Reopen(remove: random.Next(6) == 0);
                    break;
            }
        }

        Assert.Equal(IndexScript.Walk(right, [], int.MaxValue), IndexScript.Walk(left, [], int.MaxValue));
        leftBatch.Dispose();
        left.Dispose();

        void Reopen(bool remove)
        {
            left.Flush();
            right.Flush();
            leftBatch.Dispose();
            left.Dispose();
            right.Dispose();
            if (remove)
            {
                real.Remove(path);
                model.Remove(Nowhere);
            }

            Assert.Equal(!remove, real.Exists(path));
            Assert.Equal(!remove, model.Exists(Nowhere));
            (left, right) = (real.Open(path), model.Open(Nowhere));
            (leftBatch, rightBatch) = (left.NewBatch(), right.NewBatch());
        }
    }

    private static void CompareKey(IIndexStore left, IIndexStore right, byte[] key, string place)
    {
        Span<byte> found = stackalloc byte[64];
        Span<byte> expected = stackalloc byte[64];
        var (length, expectedLength) = (left.Get(key, found), right.Get(key, expected));
        Assert.True(length == expectedLength, $"{place}: {length} bytes and not {expectedLength}");
        Assert.True(length < 0 || found[..length].SequenceEqual(expected[..length]), $"{place}: other bytes");
    }

    private static IIndexStore Replayed(int seed, int batches)
    {
        var store = new SimIndex(new Trace(), found: null).Open(Nowhere);
        using var batch = store.NewBatch();
        for (var number = 1; number <= batches; number++)
        {
            batch.Clear();
            IndexScript.Fill(batch, seed, number);
            store.Write(batch);
        }

        return store;
    }

    private static async Task WaitForFlushAsync(string place)
    {
        for (var waited = 0; IndexChild.Flushed(place) == 0; waited++)
        {
            Assert.True(waited < 3000, "the child has not flushed within half a minute");
            await Task.Delay(10);
        }
    }

    public void Dispose() => Directory.Delete(directory, recursive: true);
}
