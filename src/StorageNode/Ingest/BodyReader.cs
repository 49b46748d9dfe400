using System.Buffers;
using System.IO.Compression;
using System.IO.Pipelines;
using System.Security.Cryptography;
using FileSharing.Native.Zstd;
using Microsoft.AspNetCore.Http;

namespace FileSharing.StorageNode.Ingest;

/// <summary>The plaintext of a request's body: as sent, or unpacked from one zstd or gzip stream. What it unpacks to is bounded by whoever reads.</summary>
internal static class BodyReader
{
    /// <exception cref="RequestException">415: an encoding that is neither.</exception>
    public static PipeReader Open(HttpRequest request)
    {
        var encoding = request.Headers.ContentEncoding.ToString();
        Stream? unpacked = encoding switch
        {
            "" or "identity" => null,
            "zstd" => new ZstdDecompressionStream(request.Body, leaveOpen: true),
            "gzip" => new GZipStream(request.Body, CompressionMode.Decompress, leaveOpen: true),
            _ => throw new RequestException(
                StatusCodes.Status415UnsupportedMediaType,
                "unsupported-encoding",
                $"Content-Encoding '{encoding}' is not understood. Send the bytes plain, or as zstd or gzip."
            ),
        };
        return unpacked is null
            ? request.BodyReader
            : PipeReader.Create(unpacked, new StreamPipeReaderOptions(bufferSize: 128 << 10));
    }

    /// <summary>True when the body is the plaintext itself, so that its declared length is the plaintext's.</summary>
    public static bool IsPlain(HttpRequest request) => request.Headers.ContentEncoding.ToString() is "" or "identity";

    /// <summary>Fills <paramref name="destination"/> as far as the body goes, hashing on the way where asked to.</summary>
    /// <returns>Bytes read: fewer than asked for only at the end of the body.</returns>
    /// <exception cref="RequestException">400: the compressed stream is damaged.</exception>
    public static async ValueTask<int> FillAsync(
        PipeReader body,
        Memory<byte> destination,
        IncrementalHash? hash,
        CancellationToken cancellationToken
    )
    {
        var filled = 0;
        while (filled < destination.Length)
        {
            var read = await ReadAsync(body, cancellationToken);
            var available = read.Buffer;
            var taken = available.Slice(0, Math.Min(available.Length, destination.Length - filled));
            foreach (var segment in taken)
            {
                hash?.AppendData(segment.Span);
                segment.CopyTo(destination[filled..]);
                filled += segment.Length;
            }

            body.AdvanceTo(taken.End);
            if (read.IsCompleted && taken.Length == available.Length)
            {
                break;
            }
        }

        return filled;
    }

    /// <summary>True when nothing follows.</summary>
    public static async ValueTask<bool> IsAtEndAsync(PipeReader body, CancellationToken cancellationToken)
    {
        while (true)
        {
            var read = await ReadAsync(body, cancellationToken);
            body.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            if (!read.Buffer.IsEmpty || read.IsCompleted)
            {
                return read.Buffer.IsEmpty;
            }
        }
    }

    private static async ValueTask<ReadResult> ReadAsync(PipeReader body, CancellationToken cancellationToken)
    {
        try
        {
            return await body.ReadAsync(cancellationToken);
        }
        catch (InvalidDataException error)
        {
            throw new RequestException(
                StatusCodes.Status400BadRequest,
                "bad-encoding",
                $"The compressed body is damaged: {error.Message}. Send it again."
            );
        }
    }
}
