using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text.Json;
using FileSharing.Cluster.Wire;

namespace FileSharing.Cluster.Map;

/// <summary>The signed bytes of a cluster map: docs/node-protocol.md, section 5.</summary>
public static class MapFormat
{
    private const int MoveBytes = 16;

    private static ReadOnlySpan<byte> Magic => "FSMAP2\0\0"u8;

    /// <summary>Without moves, as it was before there were any; read so that a cluster can be upgraded.</summary>
    private static ReadOnlySpan<byte> MagicWithoutMoves => "FSMAP1\0\0"u8;

    public static byte[] ToSignedBytes(this ClusterMap map, ReadOnlySpan<byte> mapKey)
    {
        ArgumentNullException.ThrowIfNull(map);
        var head = JsonSerializer.SerializeToUtf8Bytes(
            new MapHead(
                map.Version,
                map.ClusterId,
                PartitionTable.PartitionBits,
                map.Nodes,
                map.Volumes,
                (int)map.ReplaceAfter.TotalSeconds
            ),
            WireJson.Default.MapHead
        );
        var bytes = new byte[FixedBytes(hasMoves: true) + head.Length + (map.Moves.Count * MoveBytes)];
        var rest = bytes.AsSpan();
        Magic.CopyTo(rest);
        BinaryPrimitives.WriteInt32LittleEndian(rest[Magic.Length..], head.Length);
        rest = rest[(Magic.Length + sizeof(int))..];
        head.CopyTo(rest);
        rest = rest[head.Length..];
        map.Table.CopyTo(rest);
        rest = rest[PartitionTable.TableBytes..];
        BinaryPrimitives.WriteInt32LittleEndian(rest, map.Moves.Count);
        rest = rest[sizeof(int)..];
        foreach (var move in map.Moves)
        {
            Write(move, rest);
            rest = rest[MoveBytes..];
        }

        HMACSHA256.HashData(mapKey, bytes.AsSpan(0, bytes.Length - rest.Length), rest);
        return bytes;
    }

    /// <exception cref="FormatException">Not a map, of another version of the format, or not signed by this key.</exception>
    public static ClusterMap Parse(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> mapKey)
    {
        var hasMoves = bytes.StartsWith(Magic);
        if (bytes.Length < FixedBytes(hasMoves) || !(hasMoves || bytes.StartsWith(MagicWithoutMoves)))
        {
            throw new FormatException("Not a cluster map that this release reads.");
        }

        Span<byte> mac = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(mapKey, bytes[..^HMACSHA256.HashSizeInBytes], mac);
        if (!CryptographicOperations.FixedTimeEquals(mac, bytes[^HMACSHA256.HashSizeInBytes..]))
        {
            throw new FormatException("The cluster map is damaged or signed by another cluster.");
        }

        var headBytes = BinaryPrimitives.ReadInt32LittleEndian(bytes[Magic.Length..]);
        var rest = bytes[(Magic.Length + sizeof(int))..^HMACSHA256.HashSizeInBytes];
        if (headBytes < 0 || headBytes > bytes.Length - FixedBytes(hasMoves))
        {
            throw new FormatException("The cluster map is not as long as it says.");
        }

        var head = JsonSerializer.Deserialize(rest[..headBytes], WireJson.Default.MapHead);
        if (head is not { PartitionBits: PartitionTable.PartitionBits })
        {
            throw new FormatException($"The cluster map does not have {PartitionTable.PartitionBits} partition bits.");
        }

        rest = rest[headBytes..];
        var table = PartitionTable.Read(rest[..PartitionTable.TableBytes], head.Volumes.Count);
        rest = rest[PartitionTable.TableBytes..];
        var moves =
            hasMoves ? ReadMoves(rest)
            : rest.IsEmpty ? []
            : throw TooLong();
        try
        {
            return new ClusterMap(head.Version, head.ClusterId, head.Nodes, head.Volumes, table, moves)
            {
                ReplaceAfter = TimeSpan.FromSeconds(head.ReplaceAfterSeconds),
            };
        }
        catch (ArgumentException error)
        {
            throw new FormatException("The parts of the cluster map do not fit one another.", error);
        }
    }

    private static int FixedBytes(bool hasMoves) =>
        Magic.Length
        + sizeof(int)
        + PartitionTable.TableBytes
        + (hasMoves ? sizeof(int) : 0)
        + HMACSHA256.HashSizeInBytes;

    private static List<ReplicaMove> ReadMoves(ReadOnlySpan<byte> bytes)
    {
        var count = BinaryPrimitives.ReadInt32LittleEndian(bytes);
        bytes = bytes[sizeof(int)..];
        if (count < 0 || bytes.Length != (long)count * MoveBytes)
        {
            throw TooLong();
        }

        var moves = new List<ReplicaMove>(count);
        for (; !bytes.IsEmpty; bytes = bytes[MoveBytes..])
        {
            moves.Add(Read(bytes));
        }

        return moves;
    }

    private static void Write(ReplicaMove move, Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, (ushort)move.Partition);
        bytes[2] = (byte)move.Slot;
        bytes[3] = (byte)move.State;
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[4..], move.From);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[6..], move.To);
        BinaryPrimitives.WriteInt64LittleEndian(bytes[8..], move.Since);
    }

    private static ReplicaMove Read(ReadOnlySpan<byte> bytes) =>
        new(
            BinaryPrimitives.ReadUInt16LittleEndian(bytes),
            bytes[2],
            BinaryPrimitives.ReadUInt16LittleEndian(bytes[4..]),
            BinaryPrimitives.ReadUInt16LittleEndian(bytes[6..]),
            bytes[3] <= (byte)MoveState.Leaving
                ? (MoveState)bytes[3]
                : throw new FormatException(
                    $"A move of the cluster map is in state {bytes[3]}, which this release does not know."
                ),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[8..])
        );

    private static FormatException TooLong() => new("The cluster map is not as long as it says.");
}

/// <summary>The part of a map that is JSON.</summary>
public sealed record MapHead(
    long Version,
    Guid ClusterId,
    int PartitionBits,
    IReadOnlyList<MapNode> Nodes,
    IReadOnlyList<MapVolume> Volumes,
    int ReplaceAfterSeconds = 0
);
