using FileSharing.Native.XxHash;

namespace FileSharing.BlobEngine;

/// <summary>Reads a sealed segment from its footer alone.</summary>
internal static class SegmentFooter
{
    /// <returns>Null when the segment has none, or a damaged one: scan it.</returns>
    public static FooterBlock? TryReadBlock(IDiskFile file, uint segment, BufferPool pool)
    {
        var offset = file.Length - SegmentFormat.FooterBlockBytes;
        using var buffer = pool.Rent(SegmentFormat.FooterBlockBytes);
        return
            offset >= SegmentFormat.SegmentHeaderBytes
            && file.Read(buffer.GetSpan(), offset) == buffer.Length
            && FooterBlock.TryRead(buffer.GetSpan(), segment, out var footer)
            ? footer
            : null;
    }

    /// <inheritdoc cref="TryReadBlock"/>
    public static SegmentContents? TryReadContents(IDiskFile file, FooterBlock footer, BufferPool pool)
    {
        var contents = new SegmentContents();
        var offset = footer.FirstOffset;
        Span<byte> bytes = stackalloc byte[SegmentFormat.BatchHeaderBytes];
        for (var i = 0u; i < footer.FooterBatches; i++)
        {
            if (
                file.Read(bytes, offset) != bytes.Length
                || !BatchHeader.TryRead(bytes, footer.Segment, offset, out var header)
                || !TryAddBatch(file, header, contents, pool)
            )
            {
                return null;
            }

            offset += header.Bytes;
        }

        return (ulong)contents.Records.Count == footer.Records ? contents : null;
    }

    /// <summary>What is in a sealed segment: from its directory or, when that is damaged, from its batches if each of them is whole.</summary>
    /// <returns>Null when neither can say it.</returns>
    /// <exception cref="IOException">The file is gone, or the disk cannot read it.</exception>
    public static SegmentContents? TryReadSealed(
        SegmentSet segments,
        uint segment,
        BufferPool pool,
        CancellationToken ct
    )
    {
        using var lease = segments.Reading(segment);
        var footer = TryReadBlock(lease.File, segment, pool);
        if (footer is { } sealedBy && TryReadContents(lease.File, sealedBy, pool) is { } contents)
        {
            return contents;
        }

        using var direct = segments.ReadingDirect(segment);
        return SegmentScan.TryReadWhole(direct.File, segment, footer, pool, ct);
    }

    private static bool TryAddBatch(IDiskFile file, BatchHeader header, SegmentContents contents, BufferPool pool)
    {
        using var buffer = pool.Rent(Math.Max((int)header.FrameBytes, 1));
        var frames = (ReadOnlySpan<byte>)buffer.GetSpan()[..(int)header.FrameBytes];
        if (
            file.Read(buffer.GetSpan()[..frames.Length], header.Offset + SegmentFormat.BatchHeaderBytes)
                != frames.Length
            || XXH3.Hash64(frames) != header.FrameChecksum
        )
        {
            return false;
        }

        while (Frame.TryTake(ref frames, out var frame))
        {
            if (frame.Type == FrameType.Note)
            {
                contents.Notes.Add(new StatedNote(Note.Read(frame.Body), frame.Origin));
                continue;
            }

            for (
                var entries = frame.Body[SegmentFormat.DirectoryPrefixBytes..];
                entries.Length >= SegmentFormat.DirectoryEntryBytes;
                entries = entries[SegmentFormat.DirectoryEntryBytes..]
            )
            {
                contents.Records.Add(DirectoryEntry.Read(entries));
            }
        }

        return true;
    }
}
