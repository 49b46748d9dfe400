using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace FileSharing.Native.Zstd;

/// <summary>zstd.h, stable part of the API.</summary>
internal static unsafe partial class ZstdApi
{
    private const string Library = NativeLibraryName.ZstdImport;

    /// <summary>ZSTD_error_dstSize_tooSmall of zstd_errors.h; error results are its negative.</summary>
    internal const int ErrorDestinationTooSmall = 70;

    internal const int ParameterCompressionLevel = 100;
    internal const int ParameterChecksumFlag = 201;
    internal const int ParameterWindowLogMax = 100;
    internal const int EndContinue = 0;
    internal const int EndFlush = 1;
    internal const int EndFrame = 2;

    [LibraryImport(Library)]
    internal static partial nuint ZSTD_compressBound(nuint sourceLength);

    [LibraryImport(Library)]
    internal static partial uint ZSTD_isError(nuint result);

    [LibraryImport(Library)]
    private static partial nint ZSTD_getErrorName(nuint result);

    [LibraryImport(Library)]
    internal static partial nint ZSTD_createCCtx();

    [LibraryImport(Library)]
    internal static partial nuint ZSTD_freeCCtx(nint context);

    [LibraryImport(Library)]
    internal static partial nuint ZSTD_CCtx_setParameter(ZstdCompressHandle context, int parameter, int value);

    [LibraryImport(Library)]
    internal static partial nuint ZSTD_compress2(
        ZstdCompressHandle context,
        byte* destination,
        nuint destinationLength,
        byte* source,
        nuint sourceLength
    );

    [LibraryImport(Library)]
    internal static partial nuint ZSTD_compressStream2(
        ZstdCompressHandle context,
        ZstdBuffer* output,
        ZstdBuffer* input,
        int end
    );

    [LibraryImport(Library)]
    internal static partial nint ZSTD_createDCtx();

    [LibraryImport(Library)]
    internal static partial nuint ZSTD_freeDCtx(nint context);

    [LibraryImport(Library)]
    internal static partial nuint ZSTD_DCtx_setParameter(ZstdDecompressHandle context, int parameter, int value);

    [LibraryImport(Library)]
    internal static partial nuint ZSTD_decompressDCtx(
        ZstdDecompressHandle context,
        byte* destination,
        nuint destinationLength,
        byte* source,
        nuint sourceLength
    );

    [LibraryImport(Library)]
    internal static partial nuint ZSTD_decompressStream(
        ZstdDecompressHandle context,
        ZstdBuffer* output,
        ZstdBuffer* input
    );

    /// <exception cref="InvalidDataException">The result is an error code.</exception>
    internal static nuint Check(nuint result) =>
        ZSTD_isError(result) == 0
            ? result
            : throw new InvalidDataException($"zstd: {Marshal.PtrToStringUTF8(ZSTD_getErrorName(result))}.");
}

/// <summary>ZSTD_inBuffer and ZSTD_outBuffer, which have one layout.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct ZstdBuffer
{
    public byte* Data;
    public nuint Length;
    public nuint Position;
}

internal sealed class ZstdCompressHandle : SafeHandleZeroOrMinusOneIsInvalid
{
    public ZstdCompressHandle()
        : base(ownsHandle: true) => SetHandle(ZstdApi.ZSTD_createCCtx());

    protected override bool ReleaseHandle() => ZstdApi.ZSTD_freeCCtx(handle) == 0;
}

internal sealed class ZstdDecompressHandle : SafeHandleZeroOrMinusOneIsInvalid
{
    public ZstdDecompressHandle()
        : base(ownsHandle: true) => SetHandle(ZstdApi.ZSTD_createDCtx());

    protected override bool ReleaseHandle() => ZstdApi.ZSTD_freeDCtx(handle) == 0;
}
