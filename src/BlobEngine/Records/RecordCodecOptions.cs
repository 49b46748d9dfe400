using System.Security.Cryptography;

namespace FileSharing.BlobEngine;

/// <summary>Fills a span with random bytes.</summary>
public delegate void RandomFill(Span<byte> bytes);

/// <summary>How records are encoded. Reading needs none of it.</summary>
public sealed record RecordCodecOptions
{
    /// <summary>False stores every block as it is.</summary>
    public bool Compress { get; init; } = true;

    /// <summary>The zstd level.</summary>
    public int CompressionLevel { get; init; } = 1;

    /// <summary>Where salts come from; must be unpredictable except in tests.</summary>
    public RandomFill FillSalt { get; init; } = RandomNumberGenerator.Fill;
}
