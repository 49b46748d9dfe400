using System.Runtime.InteropServices;

namespace FileSharing.Native.Posix;

/// <summary>A call of libc failed. <see cref="Exception.HResult"/> is the errno.</summary>
public sealed class PosixException : IOException
{
    public PosixException() { }

    public PosixException(string message)
        : base(message) { }

    public PosixException(string message, Exception innerException)
        : base(message, innerException) { }

    public PosixException(string call, string? path, int error)
        : base(
            $"{call}{(path is null ? "" : $" of {path}")} failed: {Marshal.GetPInvokeErrorMessage(error)} (errno {error}).",
            error
        ) { }

    /// <summary>The disk or the quota is full.</summary>
    public bool IsNoSpace => HResult is PosixApi.ErrorNoSpace or PosixApi.ErrorQuota;
}
