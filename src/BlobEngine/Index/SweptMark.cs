using System.Buffers.Binary;

namespace FileSharing.BlobEngine;

/// <summary>What the index keeps of a record that is not live in garbage collection, beside its entry: the 9 bytes of that value.</summary>
internal readonly record struct SweptMark(GcState State, uint Epoch, int RecordBytes)
{
    public const int Bytes = 9;

    /// <summary>Null for a live record, and for none.</summary>
    public static SweptMark? Of(IndexEntry? entry) =>
        entry is { GcState: not GcState.Live } swept
            ? new SweptMark(swept.GcState, swept.StateEpoch, swept.RecordBytes)
            : null;

    public void Write(Span<byte> value)
    {
        value[0] = (byte)State;
        BinaryPrimitives.WriteUInt32LittleEndian(value[1..], Epoch);
        BinaryPrimitives.WriteInt32LittleEndian(value[5..], RecordBytes);
    }

    public static SweptMark Read(ReadOnlySpan<byte> value) =>
        new(
            (GcState)value[0],
            BinaryPrimitives.ReadUInt32LittleEndian(value[1..]),
            BinaryPrimitives.ReadInt32LittleEndian(value[5..])
        );
}
