namespace FileSharing.BlobEngine;

/// <summary>Reads the headers of segments that are about to be scanned.</summary>
internal sealed class SegmentHeaders(VolumeIdentity identity, SegmentSet segments, BufferPool pool)
{
    /// <summary>The segment's header; when it is damaged, one that lets every batch pass, since each batch names its segment and place itself.</summary>
    /// <param name="file">Of the segment.</param>
    /// <param name="number">Of the segment.</param>
    /// <param name="found">Gets what is damaged.</param>
    /// <returns>Null for a segment of another volume, which is none of ours.</returns>
    public SegmentHeader? Read(IDiskFile file, uint number, List<DamagedPlace> found)
    {
        if (TryRead(file, number) is not { } header)
        {
            found.Add(new DamagedPlace(number, 0, SegmentFormat.SegmentHeaderBytes));
            return new SegmentHeader(identity.VolumeId, identity.Incarnation, number, FirstSequence: 1);
        }

        if (header.VolumeId == identity.VolumeId)
        {
            return header;
        }

        found.Add(new DamagedPlace(number, 0, file.Length));
        return null;
    }

    /// <summary>A sequence that no batch before this segment can have reached.</summary>
    /// <param name="next">The segment; null for none.</param>
    /// <param name="otherwise">When there is none, or it does not say.</param>
    public ulong FirstSequenceOf(uint? next, ulong otherwise)
    {
        if (next is not { } number)
        {
            return otherwise;
        }

        using var lease = segments.Reading(number);
        return TryRead(lease.File, number)?.FirstSequence ?? otherwise;
    }

    private SegmentHeader? TryRead(IDiskFile file, uint number)
    {
        using var block = pool.Rent(SegmentFormat.SegmentHeaderBytes);
        return
            file.TryFill(block.GetSpan(), 0)
            && SegmentHeader.TryRead(block.GetSpan(), out var header)
            && header.Segment == number
            ? header
            : null;
    }
}
