namespace FileSharing.Native.Posix;

/// <summary>Advice to the kernel about memory.</summary>
public static unsafe class PosixMemory
{
    /// <summary>Asks for huge pages under this memory. Where the system has none it stays as it is.</summary>
    public static void AdviseHugePages(void* address, int bytes) =>
        _ = PosixApi.Madvise(address, (nuint)bytes, PosixApi.AdviseHugePage);
}
