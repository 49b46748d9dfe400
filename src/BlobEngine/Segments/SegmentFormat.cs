namespace FileSharing.BlobEngine;

/// <summary>The constants of docs/segment-format.md, sections 2 to 4: keep in sync.</summary>
internal static class SegmentFormat
{
    public const uint SegmentMagic = 0x3147_5346; // "FSG1"
    public const uint BatchMagic = 0x3142_5346; // "FSB1"
    public const uint FooterMagic = 0x3146_5346; // "FSF1"
    public const byte Version = 1;

    public const int BlockBytes = 4096;
    public const int SegmentHeaderBytes = BlockBytes;
    public const int BatchHeaderBytes = 64;
    public const int FooterBlockBytes = BlockBytes;
    public const int FrameHeaderBytes = 16;
    public const int FrameAlignmentBytes = 8;

    /// <summary>Before the record in the body of its frame: touch epoch, and the epoch of its state in garbage collection (0 when live).</summary>
    public const int RecordPrefixBytes = 8;
    public const int NoteBodyBytes = 40;
    public const int NoteFrameBytes = FrameHeaderBytes + NoteBodyBytes;
    public const int DirectoryPrefixBytes = 8;
    public const int DirectoryEntryBytes = 64;

    /// <summary>One write of the segment writer.</summary>
    public const int BatchBytesMax = BufferPool.BufferBytesMax;

    /// <summary>A footer batch: several, so that reading one back needs little memory.</summary>
    public const int FooterBatchBytesMax = 4 << 20;

    /// <summary>A segment with so many frames is sealed before it is full: its directory is held in memory until then.</summary>
    public const int SegmentFramesMax = 262_144;

    /// <summary>Space is reserved in steps of this size.</summary>
    public const long GrowthBytes = 32 << 20;

    public static long AlignBlock(long bytes) => (bytes + BlockBytes - 1) & -BlockBytes;

    public static int AlignFrame(int bytes) => (bytes + FrameAlignmentBytes - 1) & -FrameAlignmentBytes;

    /// <summary>Bytes of the frame of a record of this length, padding included.</summary>
    public static int RecordFrameBytes(int recordBytes) =>
        AlignFrame(FrameHeaderBytes + RecordPrefixBytes + recordBytes);
}

internal enum FrameType : byte
{
    Record = 1,
    Note = 2,
    Directory = 3,
}

[Flags]
internal enum FrameFlags : byte
{
    None = 0,
    Owed = 1,
}

/// <summary>What the flags of a record frame say of the record: bit 0 owed, bits 1 and 2 its state in garbage collection.</summary>
internal static class RecordFlags
{
    private const int GcStateShift = 1;
    private const int GcStateMask = 3;

    public static FrameFlags Of(bool owed, GcState state) =>
        (owed ? FrameFlags.Owed : FrameFlags.None) | (FrameFlags)((byte)state << GcStateShift);

    public static GcState GcStateOf(FrameFlags flags) => (GcState)((byte)flags >> GcStateShift & GcStateMask);
}

[Flags]
internal enum BatchFlags : byte
{
    None = 0,
    Footer = 1,
}

internal enum NoteKind : byte
{
    Delete = 1,
    Settled = 2,
    Touch = 3,
    GcState = 4,
    Owed = 5,
    Damaged = 6,

    /// <summary>About no record: damage in this segment has taken something that nobody can name.</summary>
    Lost = 7,
}
