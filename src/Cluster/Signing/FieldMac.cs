using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace FileSharing.Cluster.Signing;

/// <summary>
/// The one canonical form behind every signature: fields in a fixed order, each as u32 length ‖ bytes, so that no two different lists
/// of fields have the same bytes (docs/node-protocol.md, section 1).
/// </summary>
internal ref struct FieldMac(int capacity)
{
    public const int MacBytes = HMACSHA256.HashSizeInBytes;

    private byte[] buffer = ArrayPool<byte>.Shared.Rent(capacity);
    private int length;

    public void Add(ReadOnlySpan<byte> field)
    {
        Reserve(sizeof(uint) + field.Length);
        BinaryPrimitives.WriteInt32LittleEndian(buffer.AsSpan(length), field.Length);
        field.CopyTo(buffer.AsSpan(length + sizeof(uint)));
        length += sizeof(uint) + field.Length;
    }

    /// <summary>Absent and empty are the same field.</summary>
    public void Add(string? field)
    {
        var text = field ?? "";
        Reserve(sizeof(uint) + Encoding.UTF8.GetMaxByteCount(text.Length));
        var bytes = Encoding.UTF8.GetBytes(text, buffer.AsSpan(length + sizeof(uint)));
        BinaryPrimitives.WriteInt32LittleEndian(buffer.AsSpan(length), bytes);
        length += sizeof(uint) + bytes;
    }

    /// <summary>The MAC of what was added. The builder is spent.</summary>
    public byte[] Finish(ReadOnlySpan<byte> key)
    {
        var mac = HMACSHA256.HashData(key, buffer.AsSpan(0, length));
        ArrayPool<byte>.Shared.Return(buffer);
        buffer = [];
        return mac;
    }

    private void Reserve(int bytes)
    {
        if (buffer.Length - length >= bytes)
        {
            return;
        }

        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(buffer.Length * 2, length + bytes));
        buffer.AsSpan(0, length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(buffer);
        buffer = larger;
    }
}
