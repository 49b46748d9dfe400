namespace FileSharing.Client.Folders;

/// <summary>What the transfer of a folder did.</summary>
/// <param name="Files">Files that are at their place now.</param>
/// <param name="Skipped">Those of them that were there already.</param>
/// <param name="Failures">What is not there, and why; empty when all is well.</param>
public sealed record FolderResult(long Files, long Skipped, long BytesMoved, IReadOnlyList<ItemFailure> Failures);

/// <summary>One file or folder that could not be transferred.</summary>
/// <param name="Path">As the caller knows it: local for an upload, remote name for a download.</param>
public sealed record ItemFailure(string Path, string Type, string Reason);
