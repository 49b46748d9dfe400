namespace FileSharing.Client;

/// <summary>How long a request waits.</summary>
/// <param name="Answer">
/// From the first byte sent to the headers of the reply, where nobody else could be asked. Where somebody could: from the last bytes that went out, and as long again as sending
/// them has taken so far, since what a connection has taken over may still be on its way.
/// </param>
/// <param name="Standstill">A body that does not move for this long is given up.</param>
/// <param name="IsRenewed">Whether bytes that go out prolong <paramref name="Answer"/>.</param>
internal sealed record Patience(TimeSpan Answer, TimeSpan Standstill, bool IsRenewed)
{
    /// <summary>With the only one who can be asked: a 10 MiB chunk over 1 Mbit/s takes 84 s.</summary>
    public static Patience Full { get; } = new(TimeSpan.FromSeconds(180), TimeSpan.FromSeconds(30), IsRenewed: false);

    /// <summary>With a node while another could send the same. A node begins to answer within milliseconds, and asks others itself meanwhile.</summary>
    public static Patience BriefGet { get; } = new(TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(5), IsRenewed: true);

    /// <summary>With a node while another could take the same.</summary>
    public static Patience BriefPut { get; } = new(TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(5), IsRenewed: true);
}
