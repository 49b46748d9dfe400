using System.Globalization;
using FileSharing.BlobEngine;

namespace FileSharing.StorageNode.Offline;

/// <summary>Says on standard error how far the work is: on a terminal in place, else a line now and then.</summary>
internal sealed class ProgressLines(TimeProvider time)
{
    private static readonly TimeSpan OnTerminal = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan InLog = TimeSpan.FromSeconds(5);

    private readonly bool isTerminal = !Console.IsErrorRedirected;
    private long saidAt;

    /// <summary>Says it when it is the last word, or some time after the one before.</summary>
    public void Say(Func<string> text, bool isLast)
    {
        if (!isLast && saidAt != 0 && time.GetElapsedTime(saidAt) < (isTerminal ? OnTerminal : InLog))
        {
            return;
        }

        saidAt = time.GetTimestamp();
        Console.Error.Write(isTerminal ? $"\r{text()}\x1b[K{(isLast ? "\n" : "")}" : $"{text()}\n");
    }
}

/// <summary>How far a volume has been read, with rate and remaining time.</summary>
internal sealed class VolumeProgress(string path, TimeProvider time) : IProgress<RecoveryProgress>
{
    private const double BytesPerMiB = 1 << 20;

    private readonly ProgressLines lines = new(time);
    private readonly long began = time.GetTimestamp();

    public void Report(RecoveryProgress value) =>
        lines.Say(() => Text(value, time.GetElapsedTime(began)), isLast: value.SegmentsDone == value.Segments);

    private string Text(RecoveryProgress value, TimeSpan elapsed)
    {
        var rate = value.BytesDone / Math.Max(elapsed.TotalSeconds, 0.001);
        var left = rate > 0 ? TimeSpan.FromSeconds((value.Bytes - value.BytesDone) / rate) : TimeSpan.Zero;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{path}: {value.SegmentsDone} of {value.Segments} segments, {value.BytesDone / BytesPerMiB:N0} of {value.Bytes / BytesPerMiB:N0} MiB, {rate / BytesPerMiB:N0} MiB/s, {value.Records:N0} records, {left:h\\:mm\\:ss} left"
        );
    }
}
