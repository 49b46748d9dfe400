namespace FileSharing.Api;

/// <summary>Bounds of single requests and replies.</summary>
internal static class Limits
{
    /// <summary>JSON body of a call from outside.</summary>
    public const long BodyBytesMax = 8 << 20;

    /// <summary>JSON body of a call from a storage node: what <c>InternalCallFilter</c> takes.</summary>
    public const long InternalBodyBytesMax = 16 << 20;

    /// <summary>Parts in one reply; the rest has a cursor.</summary>
    public const int PartsPerReply = 1_000;

    /// <summary>Chunks that one call may list: about 1 MB of JSON.</summary>
    public const int ChunksPerRequestMax = 10_000;

    /// <summary>Receipts in one call to complete.</summary>
    public const int ReceiptsMax = 100_000;

    public const int PageDefault = 100;
    public const int PageMax = 1_000;

    /// <summary>Missing chunks in one reply, each with the versions that need it.</summary>
    public const int LossesAPageMax = 100;

    /// <summary>Missing parts that a refused complete lists.</summary>
    public const int MissingPartsListed = 100;

    public const long PartBytesDefault = 32 << 20;
    public const long PartBytesMin = 5 << 20;
    public const long PartBytesMax = 1L << 30;

    /// <summary>16 TiB.</summary>
    public const long FileBytesMax = 16L << 40;

    /// <summary>Requests in work at a time; as many again wait.</summary>
    public const int RequestsMax = 2_000;

    /// <summary>Logins in work at a time: each costs a tenth of a second or two of one core.</summary>
    public const int LoginsMax = 8;
    public const int LoginsWaitingMax = 256;
}
