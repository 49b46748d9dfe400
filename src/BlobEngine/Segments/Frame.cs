using System.Buffers.Binary;

namespace FileSharing.BlobEngine;

/// <summary>One frame inside the bytes of a batch.</summary>
internal readonly ref struct Frame
{
    private Frame(FrameType type, FrameFlags flags, ulong origin, ReadOnlySpan<byte> body)
    {
        Type = type;
        Flags = flags;
        Origin = origin;
        Body = body;
    }

    public FrameType Type { get; }

    public FrameFlags Flags { get; }

    /// <summary>Sequence of the batch that first stated this fact.</summary>
    public ulong Origin { get; }

    public ReadOnlySpan<byte> Body { get; }

    /// <summary>Takes the first frame off <paramref name="frames"/>.</summary>
    /// <returns>False at the end, or where no frame can begin.</returns>
    public static bool TryTake(ref ReadOnlySpan<byte> frames, out Frame frame)
    {
        frame = default;
        if (frames.Length < SegmentFormat.FrameHeaderBytes)
        {
            return false;
        }

        var bodyBytes = BinaryPrimitives.ReadUInt32LittleEndian(frames[4..]);
        if (bodyBytes > frames.Length - SegmentFormat.FrameHeaderBytes)
        {
            return false;
        }

        frame = new Frame(
            (FrameType)frames[0],
            (FrameFlags)frames[1],
            ReadOrigin(frames),
            frames.Slice(SegmentFormat.FrameHeaderBytes, (int)bodyBytes)
        );
        frames = frames[
            Math.Min(SegmentFormat.AlignFrame(SegmentFormat.FrameHeaderBytes + (int)bodyBytes), frames.Length)..
        ];
        return true;
    }

    public static ulong ReadOrigin(ReadOnlySpan<byte> frameHeader) =>
        BinaryPrimitives.ReadUInt64LittleEndian(frameHeader[8..]);
}
