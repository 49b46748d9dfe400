namespace FileSharing.Client;

/// <summary>How far a transfer of one or many files is. Totals grow while a folder is still being listed.</summary>
/// <param name="BytesDone">Bytes of files that are where they should be: sent, received, or found there already.</param>
/// <param name="BytesMoved">Those of <paramref name="BytesDone"/> that went over the network.</param>
/// <param name="BytesTotal">Bytes of all files known so far.</param>
public readonly record struct TransferProgress(
    long BytesDone,
    long BytesMoved,
    long BytesTotal,
    long FilesDone,
    long FilesTotal
);
