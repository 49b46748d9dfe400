using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace FileSharing.Client.Upload;

/// <summary>
/// Tells regular files from pipes, sockets and devices, which the BCL shows as files: opening a pipe may block for ever, and a device may never end.
/// </summary>
internal static partial class FileKind
{
    // statx(2): the same layout on every architecture.
    private const int CurrentDirectory = -100;
    private const uint MaskType = 1;
    private const int StatxBytes = 256;
    private const int ModeOffset = 28;
    private const int TypeMask = 0xF000;
    private const int RegularFile = 0x8000;

    /// <summary>Follows symbolic links. True also where the system cannot tell.</summary>
    public static bool IsRegular(string path)
    {
        if (!OperatingSystem.IsLinux())
        {
            return true;
        }

        Span<byte> status = stackalloc byte[StatxBytes];
        if (Statx(CurrentDirectory, path, 0, MaskType, ref MemoryMarshal.GetReference(status)) != 0)
        {
            return true; // Opening it will say why.
        }

        return (BinaryPrimitives.ReadUInt16LittleEndian(status[ModeOffset..]) & TypeMask) == RegularFile;
    }

    [LibraryImport("libc", EntryPoint = "statx", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statx(int directory, string path, int flags, uint mask, ref byte status);
}
