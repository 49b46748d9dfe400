using Microsoft.Extensions.Logging;

namespace FileSharing.UnitTests;

/// <summary>Servers in tests are silent unless <c>FILESHARE_TEST_LOG=1</c>.</summary>
internal static class TestLog
{
    public static void Configure(ILoggingBuilder builder)
    {
        if (Environment.GetEnvironmentVariable("FILESHARE_TEST_LOG") == "1")
        {
            builder.AddSimpleConsole();
        }
    }
}
