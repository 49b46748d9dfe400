using System.Buffers.Binary;

namespace FileSharing.Cluster.Wire;

/// <summary>What a frame of a record stream asks for.</summary>
public enum RecordOperation : byte
{
    Put = 1,
    Settle = 2,
}

/// <summary>The answer to one frame: docs/node-protocol.md, section 3. Below 16 the record is durable.</summary>
public enum RecordStatus : byte
{
    Stored = 0,
    AlreadyPresent = 1,
    Healed = 2,
    Settled = 3,
    BadRecord = 16,
    UnknownKey = 17,
    VolumeFull = 18,
    VolumePoisoned = 19,
    NotAnOwner = 20,
    Overloaded = 21,

    /// <summary>The peer's node runs, and that volume is not open there: also 503 <c>volume-away</c> for a whole request.</summary>
    VolumeAway = 22,

    /// <summary>The node has not heard from the API for so long that its map may hold no more.</summary>
    CutOff = 23,

    /// <summary>Never on the wire: the peer could not be asked, or did not answer.</summary>
    Unreachable = 32,

    /// <summary>Never on the wire: the peer has another map (answered as 409).</summary>
    StaleMap = 33,
}

public static class RecordStatusExtensions
{
    /// <summary>The record is on stable storage there.</summary>
    public static bool IsDurable(this RecordStatus status) => status < RecordStatus.BadRecord;
}

/// <summary>Head of one frame in a stream of records between nodes: 12 bytes, then the record or the id.</summary>
public readonly record struct RecordFrame(RecordOperation Operation, bool Owed, uint Epoch, int Length)
{
    public const int HeadBytes = 12;

    /// <summary>Largest body of one request; a single record always fits.</summary>
    public const int RequestBytesMax = 16 << 20;

    public void WriteTo(Span<byte> destination)
    {
        destination[0] = (byte)Operation;
        destination[1] = Owed ? (byte)1 : (byte)0;
        destination[2] = 0;
        destination[3] = 0;
        BinaryPrimitives.WriteUInt32LittleEndian(destination[4..], Epoch);
        BinaryPrimitives.WriteInt32LittleEndian(destination[8..], Length);
    }

    /// <exception cref="FormatException">An operation or flag that this release does not know.</exception>
    public static RecordFrame Read(ReadOnlySpan<byte> head)
    {
        if (head[0] is not ((byte)RecordOperation.Put or (byte)RecordOperation.Settle) || head[1] > 1)
        {
            throw new FormatException($"A record frame of operation {head[0]} and flags {head[1]} is unknown.");
        }

        return new RecordFrame(
            (RecordOperation)head[0],
            head[1] == 1,
            BinaryPrimitives.ReadUInt32LittleEndian(head[4..]),
            BinaryPrimitives.ReadInt32LittleEndian(head[8..])
        );
    }
}
