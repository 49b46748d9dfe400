using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace FileSharing.Native.Posix;

/// <summary>Opening past the page cache, making things durable, and locks: what a storage engine needs and .NET has no call for.</summary>
public static class PosixFile
{
    /// <summary>Opens for reading and writing; with <paramref name="direct"/> past the page cache (O_DIRECT: offsets, lengths and addresses in multiples of 4 KiB).</summary>
    /// <returns>Null when the file system knows no O_DIRECT.</returns>
    /// <exception cref="PosixException">Any other failure.</exception>
    public static SafeFileHandle? Open(string path, bool create, bool direct)
    {
        const int ownerReadWrite = 0x180; // 0600
        var flags = PosixApi.ReadWrite | PosixApi.CloseOnExec;
        flags |= create ? PosixApi.Create : 0;
        flags |= direct ? PosixApi.Direct : 0;
        var descriptor = PosixApi.Open(path, flags, ownerReadWrite);
        if (descriptor >= 0)
        {
            return new SafeFileHandle(descriptor, ownsHandle: true);
        }

        var error = Marshal.GetLastPInvokeError();
        return direct && error == PosixApi.ErrorInvalid ? null : throw new PosixException("open", path, error);
    }

    /// <summary>Opens an existing file for reading only, as a file system that is mounted so allows it.</summary>
    /// <inheritdoc cref="Open"/>
    public static SafeFileHandle? OpenReadOnly(string path, bool direct)
    {
        var descriptor = PosixApi.Open(path, PosixApi.CloseOnExec | (direct ? PosixApi.Direct : 0), 0);
        if (descriptor >= 0)
        {
            return new SafeFileHandle(descriptor, ownsHandle: true);
        }

        var error = Marshal.GetLastPInvokeError();
        return direct && error == PosixApi.ErrorInvalid ? null : throw new PosixException("open", path, error);
    }

    /// <summary>Returns when the data, and the metadata needed to read it, are on stable storage. Never call it again after it failed.</summary>
    public static void SyncData(SafeFileHandle file) => Check(PosixApi.Fdatasync(file), "fdatasync");

    /// <summary>As <see cref="SyncData"/>, and all other metadata.</summary>
    public static void Sync(SafeFileHandle file) => Check(PosixApi.Fsync(file), "fsync");

    /// <summary>Makes created, renamed and deleted names in this directory durable.</summary>
    public static void SyncDirectory(string path)
    {
        const int readOnly = 0;
        var descriptor = PosixApi.Open(path, readOnly | PosixApi.CloseOnExec, 0);
        if (descriptor < 0)
        {
            throw new PosixException("open", path, Marshal.GetLastPInvokeError());
        }

        var result = PosixApi.FsyncDescriptor(descriptor);
        var error = Marshal.GetLastPInvokeError();
        _ = PosixApi.Close(descriptor);
        if (result != 0)
        {
            throw new PosixException("fsync", path, error);
        }
    }

    /// <summary>Reserves space and extends the file over it; the bytes read as zero.</summary>
    /// <returns>False when the file system cannot: then space is taken by the writes themselves.</returns>
    /// <exception cref="PosixException">No space (<see cref="PosixException.IsNoSpace"/>), or a failure.</exception>
    public static bool Allocate(SafeFileHandle file, long offset, long length)
    {
        while (PosixApi.Fallocate(file, 0, offset, length) != 0)
        {
            var error = Marshal.GetLastPInvokeError();
            if (error == PosixApi.ErrorNotSupported)
            {
                return false;
            }

            if (error != PosixApi.ErrorInterrupted)
            {
                throw new PosixException("fallocate", path: null, error);
            }
        }

        return true;
    }

    /// <summary>Takes the exclusive lock of this open file (flock); it goes with the handle, also when the process dies.</summary>
    /// <returns>False when another open file holds it.</returns>
    public static bool TryLock(SafeFileHandle file)
    {
        if (PosixApi.Flock(file, PosixApi.LockExclusive | PosixApi.LockNonBlocking) == 0)
        {
            return true;
        }

        var error = Marshal.GetLastPInvokeError();
        return error == PosixApi.ErrorAgain ? false : throw new PosixException("flock", path: null, error);
    }

    /// <summary>Tells the kernel not to read ahead.</summary>
    public static void AdviseRandom(SafeFileHandle file) => _ = PosixApi.Fadvise(file, 0, 0, PosixApi.AdviseRandom);

    /// <summary>Reads what the page cache holds, without waiting for the disk.</summary>
    /// <returns>Bytes read from <paramref name="offset"/> on; 0 when none are at hand, or the file system cannot tell.</returns>
    public static unsafe int ReadCached(SafeFileHandle file, Span<byte> buffer, long offset)
    {
        fixed (byte* data = buffer)
        {
            var vector = new IoVector { Data = data, Length = (nuint)buffer.Length };
            var result = PosixApi.Preadv2(file, &vector, 1, offset, PosixApi.ReadNoWait);
            return result > 0 ? (int)result : 0;
        }
    }

    private static void Check(int result, string call)
    {
        if (result != 0)
        {
            throw new PosixException(call, path: null, Marshal.GetLastPInvokeError());
        }
    }
}
