using System.Security.Cryptography;
using FileSharing.BlobEngine;
using FileSharing.Chunks.Keys;

namespace FileSharing.UnitTests.Simulation;

/// <summary>The keys of the simulated volumes. Records are put without encryption; a volume that has a data key encrypts them when it rewrites old ones.</summary>
internal static class SimKeys
{
    private static readonly RootKey Root = new(SHA256.HashData("root key of the simulation"u8));

    public static IReadOnlyList<WrappedKey> Wrapped { get; } =
    [
        .. Enumerable
            .Range(1, 2)
            .Select(id => Root.Wrap(KeyDomain.Data, (uint)id, DateTimeOffset.UnixEpoch, SHA256.HashData([(byte)id]))),
    ];

    /// <summary>Those of a process that has just begun: it knows the root key, and learns the others from the volume.</summary>
    public static DataKeys OfProcess() => new(Root, []);
}
