namespace FileSharing.UnitTests.Simulation;

/// <summary>
/// The bytes of one file, in pages that are never changed once they are here: a copy shares them, and so costs next to nothing.
/// </summary>
internal sealed class SimFile
{
    public const int PageBytes = 4096;

    private static readonly byte[] Zeros = new byte[PageBytes];

    /// <summary>Up to the last page that was written; what lies behind is zero.</summary>
    private readonly List<ReadOnlyMemory<byte>> pages;

    public SimFile()
        : this([], 0) { }

    private SimFile(List<ReadOnlyMemory<byte>> pages, long length) => (this.pages, Length) = (pages, length);

    public long Length { get; private set; }

    /// <summary>Bytes from the start within which anything but zeros may stand.</summary>
    public long WrittenBytes => Math.Min(Length, (long)pages.Count * PageBytes);

    public SimFile Copy() => new([.. pages], Length);

    /// <param name="bytes">Must not change afterwards: whole pages of it are kept as they are.</param>
    /// <param name="offset">Anywhere.</param>
    public void Write(ReadOnlyMemory<byte> bytes, long offset)
    {
        Length = Math.Max(Length, offset + bytes.Length);
        while (!bytes.IsEmpty)
        {
            var page = (int)(offset / PageBytes);
            var inPage = (int)(offset % PageBytes);
            var count = Math.Min(PageBytes - inPage, bytes.Length);
            while (pages.Count <= page)
            {
                pages.Add(Zeros);
            }

            pages[page] = count == PageBytes ? bytes[..count] : Patch(pages[page], bytes.Span[..count], inPage);
            bytes = bytes[count..];
            offset += count;
        }
    }

    public void SetLength(long length)
    {
        if (length < Length)
        {
            var kept = (int)((length + PageBytes - 1) / PageBytes);
            pages.RemoveRange(Math.Min(kept, pages.Count), Math.Max(pages.Count - kept, 0));
            var inLast = (int)(length % PageBytes);
            if (inLast > 0 && pages.Count == kept)
            {
                pages[kept - 1] = Patch(pages[kept - 1], Zeros.AsSpan(inLast), inLast);
            }
        }

        Length = length;
    }

    /// <returns>Bytes read: fewer than asked for where the file ends.</returns>
    public int Read(Span<byte> buffer, long offset)
    {
        buffer = buffer[..(int)Math.Clamp(Length - offset, 0, buffer.Length)];
        var done = 0;
        while (done < buffer.Length && (offset + done) / PageBytes < pages.Count)
        {
            var inPage = (int)((offset + done) % PageBytes);
            var count = Math.Min(PageBytes - inPage, buffer.Length - done);
            var page = pages[(int)((offset + done) / PageBytes)];
            page.Span.Slice(inPage, count).CopyTo(buffer[done..]);
            done += count;
        }

        buffer[done..].Clear();
        return buffer.Length;
    }

    private static byte[] Patch(ReadOnlyMemory<byte> page, ReadOnlySpan<byte> bytes, int at)
    {
        var patched = page.ToArray();
        bytes.CopyTo(patched.AsSpan(at));
        return patched;
    }
}
