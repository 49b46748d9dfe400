using System.Security.Cryptography;

namespace FileSharing.UnitTests.ClusterSimulation;

/// <summary>Stands where the product takes numbers that nobody can foresee: these can be had again.</summary>
internal sealed class SeededNumbers(Random random) : RandomNumberGenerator
{
    public override void GetBytes(byte[] data) => random.NextBytes(data);

    public override void GetBytes(Span<byte> data) => random.NextBytes(data);
}
