using FileSharing.BlobEngine;
using FileSharing.Chunks;
using static FileSharing.Engine.Report;

namespace FileSharing.Engine;

/// <summary>What compression saves on text, and what trying it costs where it saves nothing. One thread: its CPU time is the figure.</summary>
internal static class CompressionScenario
{
    private const int ChunkBytes = 4 << 20;
    private const int CorpusBytesMax = 96 << 20;
    private const int RoundsMin = 4;

    /// <summary>Text that a Debian system has: licences, changelogs and read-me files, headers of C, sources of Perl and Python.</summary>
    private static readonly string[] CorpusRoots =
    [
        "/usr/share/doc",
        "/usr/share/common-licenses",
        "/usr/include",
        "/usr/share/perl",
        "/usr/lib/python3",
    ];

    private static readonly HashSet<string> Text =
    [
        "",
        ".txt",
        ".md",
        ".h",
        ".hpp",
        ".pm",
        ".pl",
        ".pod",
        ".py",
        ".html",
        ".xml",
        ".json",
        ".css",
        ".js",
        ".copyright",
    ];

    public static async Task RunAsync(Run run)
    {
        var path = run.Fresh();
        await using (var volume = await BenchVolume.OpenAsync(path))
        {
            MeasureText(run, volume);
            MeasureRandom(run, volume, ChunkBytes, "4 MiB");
            MeasureRandom(run, volume, 4 << 10, "4 KiB");
        }

        Directory.Delete(path, recursive: true);
    }

    private static void MeasureText(Run run, BenchVolume volume)
    {
        var corpus = ReadCorpus();
        var chunks = corpus.Chunk(ChunkBytes).ToList();
        var record = new byte[RecordCodec.RecordBytesMax(ChunkBytes)];
        long stored = 0;
        var hashed = Cpu(() => chunks.ForEach(chunk => _ = ChunkId.OfChunk(chunk)));
        var rounds = 0;
        var encoded = 0.0;
        for (; rounds < RoundsMin || encoded < run.Seconds; rounds++)
        {
            stored = 0;
            encoded += Cpu(() =>
                chunks.ForEach(chunk =>
                    stored += volume.Codec.Encode(RecordKind.Chunk, ChunkId.OfChunk(chunk), chunk, record)
                )
            );
        }

        var gibibytes = corpus.Length / (double)(1 << 30);
        Line(
            "text, size",
            "≥ 3 × smaller",
            Report.Text($"{corpus.Length / (double)stored:F2} × smaller"),
            conditions: Report.Text(
                $"{corpus.Length >> 20} MiB of text below {string.Join(", ", CorpusRoots)}, in chunks of 4 MiB"
            )
        );
        Line(
            "text, CPU",
            "≤ 2.5 CPU-s/GiB",
            Report.Text($"{encoded / rounds / gibibytes:F2} CPU-s/GiB"),
            conditions: Report.Text($"SHA-256 ({hashed / gibibytes:F2}) and encoding, one thread")
        );
    }

    private static void MeasureRandom(Run run, BenchVolume volume, int bytes, string name)
    {
        var plain = new byte[bytes];
        new Random(1).NextBytes(plain);
        var record = new byte[RecordCodec.RecordBytesMax(bytes)];
        var with = 0.0;
        var without = 0.0;
        var codecs = (With: volume.Codec, Without: volume.CodecWithoutCompression);
        // In turns: what disturbs the machine disturbs both.
        while (with + without < run.Seconds)
        {
            with += Cpu(() => EncodeMany(codecs.With, plain, record));
            without += Cpu(() => EncodeMany(codecs.Without, plain, record));
        }

        Line(
            $"random bytes, chunks of {name}, CPU",
            "≤ 5 % above no compression",
            Report.Text($"{(with / without) - 1:P1} above"),
            conditions: "SHA-256 and encoding, one thread, in turns"
        );
    }

    private static void EncodeMany(RecordCodec codec, byte[] plain, byte[] record)
    {
        const int total = 32 << 20;
        for (var done = 0; done < total; done += plain.Length)
        {
            codec.Encode(RecordKind.Chunk, ChunkId.OfChunk(plain), plain, record);
        }
    }

    private static double Cpu(Action action)
    {
        var before = Environment.CpuUsage.TotalTime;
        action();
        return (Environment.CpuUsage.TotalTime - before).TotalSeconds;
    }

    /// <summary>The same on every run of one machine: in order of path, as far as it goes.</summary>
    private static byte[] ReadCorpus()
    {
        var paths = CorpusRoots
            .Where(Directory.Exists)
            .SelectMany(root => Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories))
            .Where(path => Text.Contains(Path.GetExtension(path)) && new FileInfo(path).LinkTarget is null)
            .Order(StringComparer.Ordinal);
        var corpus = new MemoryStream();
        foreach (var path in paths.TakeWhile(_ => corpus.Length < CorpusBytesMax))
        {
            corpus.Write(File.ReadAllBytes(path));
        }

        return corpus.ToArray();
    }
}
