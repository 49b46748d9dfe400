using System.Buffers.Binary;
using System.IO.Pipelines;
using FileSharing.BlobEngine;
using FileSharing.Chunks;
using FileSharing.Native.Zstd;
using FileSharing.StorageNode.Ingest;
using Microsoft.AspNetCore.Http;

namespace FileSharing.StorageNode.Endpoints;

/// <summary>One frame of a batch, by its head: docs/node-protocol.md.</summary>
/// <param name="Index">The sender's number for it.</param>
/// <param name="PlainBytes">Length of the chunk.</param>
/// <param name="Id">SHA-256 of the chunk.</param>
/// <param name="IsZstd">Whether it was sent compressed.</param>
/// <param name="BodyBytes">What was sent.</param>
internal sealed record ChunkFrame(int Index, int PlainBytes, ChunkId Id, bool IsZstd, int BodyBytes)
{
    public const int HeadBytes = 4 + 4 + ChunkId.Bytes + 4 + 4;

    /// <returns>Null when the head makes no sense.</returns>
    public static ChunkFrame? Read(ReadOnlySpan<byte> head)
    {
        var frame = new ChunkFrame(
            BinaryPrimitives.ReadInt32LittleEndian(head),
            BinaryPrimitives.ReadInt32LittleEndian(head[4..]),
            new ChunkId(head.Slice(8, ChunkId.Bytes)),
            head[8 + ChunkId.Bytes] == 1,
            BinaryPrimitives.ReadInt32LittleEndian(head[(12 + ChunkId.Bytes)..])
        );
        var isValid =
            frame.Index >= 0
            && frame.PlainBytes is > 0 and <= ChunkingPolicy.ChunkBytesMax
            && head[8 + ChunkId.Bytes] <= 1
            && frame.BodyBytes > 0
            && (frame.IsZstd ? frame.BodyBytes <= frame.PlainBytes : frame.BodyBytes == frame.PlainBytes);
        return isValid ? frame : null;
    }
}

/// <summary>Takes the frames of a batch off its body, one after the other, and checks what they hold. One thread.</summary>
/// <param name="body">The body of the request.</param>
/// <param name="buffers">Where the chunks are put: two at a time, of at most the size of the largest chunk.</param>
/// <param name="bytesMax">The frames may have so many bytes together.</param>
internal sealed class ChunkBatchReader(PipeReader body, BufferPool buffers, long bytesMax)
{
    private readonly byte[] head = new byte[ChunkFrame.HeadBytes];
    private long received;

    /// <returns>The next frame with its plaintext, to be disposed, or null in its place when that is not what the frame says; null at the end.</returns>
    /// <exception cref="RequestException">400: no frame, or no whole one; 413: too many bytes. What came before is good.</exception>
    public async ValueTask<(ChunkFrame Frame, PooledBuffer? Plain)?> ReadAsync(CancellationToken cancellationToken)
    {
        var filled = await BodyReader.FillAsync(body, head, hash: null, cancellationToken);
        if (filled == 0)
        {
            return null;
        }

        if (filled < head.Length)
        {
            throw Malformed("the body ends inside a frame");
        }

        var frame = ChunkFrame.Read(head) ?? throw Malformed("a frame's head makes no sense");
        received += head.Length + frame.BodyBytes;
        if (received > bytesMax)
        {
            throw IngestLimits.TooLarge(bytesMax);
        }

        return (frame, await ReceiveAsync(frame, cancellationToken));
    }

    /// <returns>The plaintext, or null when it is not what the frame says: then the frame has been read to its end.</returns>
    private async Task<PooledBuffer?> ReceiveAsync(ChunkFrame frame, CancellationToken cancellationToken)
    {
        using var sent = buffers.Rent(frame.BodyBytes);
        if (await BodyReader.FillAsync(body, sent.Memory, hash: null, cancellationToken) < frame.BodyBytes)
        {
            throw Malformed("the body ends inside a frame");
        }

        var plain = frame.IsZstd ? Unpack(sent, frame.PlainBytes) : sent.AddReference();
        if (plain is not null && plain.Length == frame.PlainBytes && ChunkId.OfChunk(plain.GetSpan()) == frame.Id)
        {
            return plain;
        }

        plain?.Dispose();
        return null;
    }

    private PooledBuffer? Unpack(PooledBuffer sent, int plainBytes)
    {
        var plain = buffers.Rent(plainBytes);
        try
        {
            using var decompressor = new Decompressor();
            if (decompressor.Decompress(sent.GetSpan(), plain.GetSpan()) == plainBytes)
            {
                return plain;
            }
        }
        catch (InvalidDataException)
        {
            // Answered as the frame's own failure.
        }

        plain.Dispose();
        return null;
    }

    private static RequestException Malformed(string what) =>
        new(
            StatusCodes.Status400BadRequest,
            "bad-frame",
            $"The batch is malformed: {what}. Frames before it may have been stored; send the rest again."
        );
}
