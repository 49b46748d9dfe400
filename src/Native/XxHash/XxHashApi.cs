using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace FileSharing.Native.XxHash;

/// <summary>xxhash.h, stable part of the API.</summary>
internal static unsafe partial class XxHashApi
{
    private const string Library = NativeLibraryName.XxHashImport;

    [LibraryImport(Library)]
    internal static partial ulong XXH3_64bits(byte* input, nuint length);

    [LibraryImport(Library)]
    internal static partial ulong XXH64(byte* input, nuint length, ulong seed);

    [LibraryImport(Library)]
    internal static partial nint XXH3_createState();

    [LibraryImport(Library)]
    internal static partial int XXH3_freeState(nint state);

    [LibraryImport(Library)]
    internal static partial int XXH3_64bits_reset(Xxh3StateHandle state);

    [LibraryImport(Library)]
    internal static partial int XXH3_64bits_update(Xxh3StateHandle state, byte* input, nuint length);

    [LibraryImport(Library)]
    internal static partial ulong XXH3_64bits_digest(Xxh3StateHandle state);
}

internal sealed class Xxh3StateHandle : SafeHandleZeroOrMinusOneIsInvalid
{
    public Xxh3StateHandle()
        : base(ownsHandle: true) => SetHandle(XxHashApi.XXH3_createState());

    protected override bool ReleaseHandle() => XxHashApi.XXH3_freeState(handle) == 0;
}
