using System.Buffers.Binary;
using FileSharing.Cluster.Transport;

namespace FileSharing.Cluster.Wire;

/// <summary>Head of one frame in the answer to <see cref="FetchRequest"/>: 8 bytes, then the record where there is one.</summary>
/// <param name="Outcome">Found, absent or damaged.</param>
/// <param name="Length">Of the record in bytes; 0 where there is none.</param>
public readonly record struct FetchFrame(FetchOutcome Outcome, int Length)
{
    public const int HeadBytes = 8;

    public void WriteTo(Span<byte> destination)
    {
        destination[..HeadBytes].Clear();
        destination[0] = (byte)Outcome;
        BinaryPrimitives.WriteInt32LittleEndian(destination[4..], Length);
    }

    /// <param name="head">The 8 bytes.</param>
    /// <param name="recordBytesMax">No record is longer.</param>
    /// <exception cref="FormatException">An outcome that this release does not know, or a length that does not go with it.</exception>
    public static FetchFrame Read(ReadOnlySpan<byte> head, int recordBytesMax)
    {
        var frame = new FetchFrame((FetchOutcome)head[0], BinaryPrimitives.ReadInt32LittleEndian(head[4..]));
        var isRight =
            frame.Outcome == FetchOutcome.Found
                ? frame.Length > 0 && frame.Length <= recordBytesMax
                : frame is { Outcome: FetchOutcome.Absent or FetchOutcome.Damaged, Length: 0 };
        return isRight
            ? frame
            : throw new FormatException($"A fetched record of outcome {head[0]} and {frame.Length} bytes is none.");
    }
}
