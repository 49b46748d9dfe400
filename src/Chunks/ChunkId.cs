using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace FileSharing.Chunks;

/// <summary>
/// The name of a chunk or manifest: 32 bytes of SHA-256, written as 64 lower-case hex digits.
/// Ordered as its bytes are, which is also the order of the index and of the partitions.
/// </summary>
[JsonConverter(typeof(ChunkIdJsonConverter))]
public readonly struct ChunkId : IEquatable<ChunkId>, IComparable<ChunkId>, ISpanParsable<ChunkId>
{
    public const int Bytes = 32;
    public const int HexDigits = 64;

    private static readonly SearchValues<char> LowerHexDigits = SearchValues.Create("0123456789abcdef");

    private readonly Words words;

    [InlineArray(4)]
    private struct Words
    {
        private ulong first;
    }

    /// <param name="bytes">Exactly <see cref="Bytes"/> bytes.</param>
    public ChunkId(ReadOnlySpan<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(bytes.Length, Bytes);
        bytes.CopyTo(MemoryMarshal.AsBytes((Span<ulong>)words));
    }

    /// <summary>The id of a chunk with this plaintext.</summary>
    public static ChunkId OfChunk(ReadOnlySpan<byte> plaintext)
    {
        Span<byte> digest = stackalloc byte[Bytes];
        SHA256.HashData(plaintext, digest);
        return new ChunkId(digest);
    }

    /// <summary>The first 64 bits, most significant first: what placement and hashing use.</summary>
    public ulong Prefix => BinaryPrimitives.ReverseEndianness(words[0]);

    /// <summary>Writes the 32 bytes to the start of <paramref name="destination"/>.</summary>
    public void CopyTo(Span<byte> destination) => MemoryMarshal.AsBytes((ReadOnlySpan<ulong>)words).CopyTo(destination);

    public byte[] ToByteArray() => MemoryMarshal.AsBytes((ReadOnlySpan<ulong>)words).ToArray();

    public bool Equals(ChunkId other) => ((ReadOnlySpan<ulong>)words).SequenceEqual(other.words);

    public override bool Equals([NotNullWhen(true)] object? obj) => obj is ChunkId other && Equals(other);

    /// <summary>SHA-256 is uniform, so eight of its bytes are a hash already.</summary>
    public override int GetHashCode() => words[1].GetHashCode();

    public int CompareTo(ChunkId other) =>
        MemoryMarshal
            .AsBytes((ReadOnlySpan<ulong>)words)
            .SequenceCompareTo(MemoryMarshal.AsBytes((ReadOnlySpan<ulong>)other.words));

    public static bool operator ==(ChunkId left, ChunkId right) => left.Equals(right);

    public static bool operator !=(ChunkId left, ChunkId right) => !left.Equals(right);

    public static bool operator <(ChunkId left, ChunkId right) => left.CompareTo(right) < 0;

    public static bool operator >(ChunkId left, ChunkId right) => left.CompareTo(right) > 0;

    public static bool operator <=(ChunkId left, ChunkId right) => left.CompareTo(right) <= 0;

    public static bool operator >=(ChunkId left, ChunkId right) => left.CompareTo(right) >= 0;

    public override string ToString() => Convert.ToHexStringLower(MemoryMarshal.AsBytes((ReadOnlySpan<ulong>)words));

    /// <summary>Exactly 64 lower-case hex digits; one text for one id, so that URLs and signatures have one form.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out ChunkId id)
    {
        id = default;
        Span<byte> bytes = stackalloc byte[Bytes];
        if (
            text.Length != HexDigits
            || text.ContainsAnyExcept(LowerHexDigits)
            || Convert.FromHexString(text, bytes, out _, out _) != OperationStatus.Done
        )
        {
            return false;
        }

        id = new ChunkId(bytes);
        return true;
    }

    /// <exception cref="FormatException">Not 64 lower-case hex digits.</exception>
    public static ChunkId Parse(ReadOnlySpan<char> text) =>
        TryParse(text, out var id) ? id : throw new FormatException("A chunk id is 64 lower-case hex digits.");

    static ChunkId ISpanParsable<ChunkId>.Parse(ReadOnlySpan<char> s, IFormatProvider? provider) => Parse(s);

    static bool ISpanParsable<ChunkId>.TryParse(ReadOnlySpan<char> s, IFormatProvider? provider, out ChunkId result) =>
        TryParse(s, out result);

    static ChunkId IParsable<ChunkId>.Parse(string s, IFormatProvider? provider) => Parse(s);

    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out ChunkId result) =>
        TryParse(s.AsSpan(), out result);
}

/// <summary>JSON form: the 64 hex digits.</summary>
public sealed class ChunkIdJsonConverter : JsonConverter<ChunkId>
{
    public override ChunkId Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && ChunkId.TryParse(reader.GetString(), null, out var id)
            ? id
            : throw new JsonException("A chunk id is 64 lower-case hex digits.");

    public override void Write(Utf8JsonWriter writer, ChunkId value, JsonSerializerOptions options)
    {
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteStringValue(value.ToString());
    }
}
