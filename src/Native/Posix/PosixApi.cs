using System.Runtime.InteropServices;

namespace FileSharing.Native.Posix;

/// <summary>The few calls of libc that .NET does not offer. Constants are those of Linux on x86-64 and arm64.</summary>
internal static unsafe partial class PosixApi
{
    private const string Library = "libc";

    internal const int ReadWrite = 0x2;
    internal const int Create = 0x40;
    internal const int CloseOnExec = 0x80000;

    internal const int LockExclusive = 2;
    internal const int LockNonBlocking = 4;
    internal const int ReadNoWait = 0x8;
    internal const int AdviseRandom = 1;
    internal const int AdviseHugePage = 14;

    internal const int ErrorInterrupted = 4;
    internal const int ErrorAgain = 11;
    internal const int ErrorInvalid = 22;
    internal const int ErrorNoSpace = 28;
    internal const int ErrorNotSupported = 95;
    internal const int ErrorQuota = 122;

    /// <summary>O_DIRECT has another value on arm64.</summary>
    internal static int Direct => RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x10000 : 0x4000;

    [LibraryImport(Library, EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int Open(string path, int flags, int mode);

    [LibraryImport(Library, EntryPoint = "close", SetLastError = true)]
    internal static partial int Close(int descriptor);

    [LibraryImport(Library, EntryPoint = "fsync", SetLastError = true)]
    internal static partial int Fsync(SafeHandle file);

    [LibraryImport(Library, EntryPoint = "fsync", SetLastError = true)]
    internal static partial int FsyncDescriptor(int descriptor);

    [LibraryImport(Library, EntryPoint = "fdatasync", SetLastError = true)]
    internal static partial int Fdatasync(SafeHandle file);

    [LibraryImport(Library, EntryPoint = "fallocate", SetLastError = true)]
    internal static partial int Fallocate(SafeHandle file, int mode, long offset, long length);

    [LibraryImport(Library, EntryPoint = "flock", SetLastError = true)]
    internal static partial int Flock(SafeHandle file, int operation);

    [LibraryImport(Library, EntryPoint = "kill")]
    internal static partial int Kill(int processId, int signal);

    [LibraryImport(Library, EntryPoint = "posix_fadvise")]
    internal static partial int Fadvise(SafeHandle file, long offset, long length, int advice);

    [LibraryImport(Library, EntryPoint = "madvise")]
    internal static partial int Madvise(void* address, nuint length, int advice);

    [LibraryImport(Library, EntryPoint = "preadv2", SetLastError = true)]
    internal static partial nint Preadv2(SafeHandle file, IoVector* vectors, int count, long offset, int flags);
}

/// <summary>struct iovec.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct IoVector
{
    public byte* Data;
    public nuint Length;
}
