using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using FileSharing.BlobEngine;
using FileSharing.Native.RocksDb;

namespace FileSharing.UnitTests.Simulation;

/// <summary>A process that writes batches into an index until it is killed, and says in a file up to which it has flushed.</summary>
internal static class IndexChild
{
    private const string DirectoryVariable = "FILESHARE_TEST_INDEX";
    private const string SeedVariable = "FILESHARE_TEST_INDEX_SEED";

    /// <summary>Batches between two flushes on the average.</summary>
    private const int FlushEvery = 25;

    public static RocksDbIndex EngineOf(RocksDbOptions? options = null) =>
        new(new DirectDisk(), options ?? new RocksDbOptions { WriteBufferBytes = 64 << 10, BlockCacheBytes = 1 << 20 });

    public static Process Start(string directory, int seed)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!);
        start.Environment[DirectoryVariable] = directory;
        start.Environment[SeedVariable] = seed.ToString();
        return Process.Start(start)!;
    }

    /// <summary>The last batch that the process has said to be flushed.</summary>
    public static int Flushed(string directory)
    {
        var path = Path.Combine(directory, "flushed");
        return File.Exists(path) && File.ReadAllText(path) is { Length: >= 10 } text
            ? int.Parse(text.AsSpan(text.Length / 10 * 10 - 10, 10), NumberStyles.None)
            : 0;
    }

    /// <summary>This program, started again as the child.</summary>
    [ModuleInitializer]
    internal static void RunWhenAsked()
    {
        if (Environment.GetEnvironmentVariable(DirectoryVariable) is { Length: > 0 } directory)
        {
            Run(directory, int.Parse(Environment.GetEnvironmentVariable(SeedVariable)!));
        }
    }

    private static void Run(string directory, int seed)
    {
        var random = new Random(seed);
        using var journal = File.OpenHandle(Path.Combine(directory, "flushed"), FileMode.Create, FileAccess.Write);
        using var store = EngineOf().Open(Path.Combine(directory, "index"));
        using var batch = store.NewBatch();
        for (var number = 1; ; number++)
        {
            batch.Clear();
            IndexScript.Fill(batch, seed, number);
            store.Write(batch);
            if (random.Next(FlushEvery) == 0)
            {
                store.Flush();
                RandomAccess.Write(journal, System.Text.Encoding.ASCII.GetBytes($"{number:D10}"), 0);
            }
        }
    }
}
