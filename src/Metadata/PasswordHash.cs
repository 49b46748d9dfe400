using System.Security.Cryptography;
using System.Text;

namespace FileSharing.Metadata;

/// <summary>
/// Passwords as they are stored: <c>pbkdf2-sha256$ITERATIONS$SALT$HASH</c> (base64), so that a later release may raise the
/// cost and still read what an earlier one wrote. 600,000 iterations: OWASP Password Storage Cheat Sheet, 2023.
/// </summary>
public static class PasswordHash
{
    public const int Iterations = 600_000;
    public const int PasswordLengthMin = 8;

    /// <summary>Longer input is refused before it is hashed.</summary>
    public const int PasswordBytesMax = 1024;

    private const string Algorithm = "pbkdf2-sha256";
    private const int SaltBytes = 16;
    private const int HashBytes = 32;

    /// <summary>What a login for an unknown account is compared with, so that it takes the same time.</summary>
    private static readonly string NobodysHash = Write(Iterations, new byte[SaltBytes], new byte[HashBytes]);

    /// <exception cref="MetadataException"><see cref="MetadataError.Invalid"/>: too short or too long.</exception>
    public static string Create(string password)
    {
        ArgumentNullException.ThrowIfNull(password);
        if (password.Length < PasswordLengthMin || Encoding.UTF8.GetByteCount(password) > PasswordBytesMax)
        {
            throw new MetadataException(
                MetadataError.Invalid,
                $"A password has at least {PasswordLengthMin} characters and at most {PasswordBytesMax} bytes."
            );
        }

        var salt = RandomNumberGenerator.GetBytes(SaltBytes);
        return Write(Iterations, salt, Derive(password, salt, Iterations));
    }

    /// <param name="stored">Null for an account that does not exist: takes as long, and answers false.</param>
    public static bool Verify(string password, string? stored)
    {
        ArgumentNullException.ThrowIfNull(password);
        var fields = (stored ?? NobodysHash).Split('$');
        if (fields.Length != 4 || fields[0] != Algorithm || !int.TryParse(fields[1], out var iterations))
        {
            throw new FormatException("A stored password has a form that this release does not know.");
        }

        var expected = Convert.FromBase64String(fields[3]);
        var actual = Derive(password, Convert.FromBase64String(fields[2]), iterations);
        return CryptographicOperations.FixedTimeEquals(expected, actual) && stored is not null;
    }

    private static byte[] Derive(string password, byte[] salt, int iterations) =>
        Rfc2898DeriveBytes.Pbkdf2(password, salt, iterations, HashAlgorithmName.SHA256, HashBytes);

    private static string Write(int iterations, byte[] salt, byte[] hash) =>
        $"{Algorithm}${iterations}${Convert.ToBase64String(salt)}${Convert.ToBase64String(hash)}";
}
