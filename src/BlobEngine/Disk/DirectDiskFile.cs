using FileSharing.Native.Posix;
using Microsoft.Win32.SafeHandles;

namespace FileSharing.BlobEngine;

internal sealed class DirectDiskFile : IDiskFile
{
    private readonly SafeFileHandle handle;

    public DirectDiskFile(SafeFileHandle handle, bool isDirect)
    {
        this.handle = handle;
        IsDirect = isDirect;
        if (!isDirect)
        {
            // Records are read whole or by their blocks; what the kernel would read ahead belongs to other people's chunks.
            PosixFile.AdviseRandom(handle);
        }
    }

    public long Length => RandomAccess.GetLength(handle);

    public bool IsDirect { get; }

    public void Write(ReadOnlySpan<byte> bytes, long offset) => RandomAccess.Write(handle, bytes, offset);

    public void SyncData() => PosixFile.SyncData(handle);

    public void Sync() => PosixFile.Sync(handle);

    public void Allocate(long offset, long length) => _ = PosixFile.Allocate(handle, offset, length);

    public void Truncate(long length) => RandomAccess.SetLength(handle, length);

    public int Read(Span<byte> buffer, long offset)
    {
        var done = 0;
        while (done < buffer.Length)
        {
            var read = RandomAccess.Read(handle, buffer[done..], offset + done);
            done += read;
            if (IsEnd(read))
            {
                break;
            }
        }

        return done;
    }

    public int ReadCached(Span<byte> buffer, long offset) =>
        IsDirect ? 0 : PosixFile.ReadCached(handle, buffer, offset);

    public async ValueTask<int> ReadAsync(Memory<byte> buffer, long offset, CancellationToken ct)
    {
        var done = 0;
        while (done < buffer.Length)
        {
            var read = await RandomAccess.ReadAsync(handle, buffer[done..], offset + done, ct);
            done += read;
            if (IsEnd(read))
            {
                break;
            }
        }

        return done;
    }

    /// <summary>Past the page cache, a read that ends inside a block has met the end of the file; to ask from there is an error.</summary>
    private bool IsEnd(int read) => read == 0 || (IsDirect && read % SegmentFormat.BlockBytes != 0);

    public void Dispose() => handle.Dispose();
}
