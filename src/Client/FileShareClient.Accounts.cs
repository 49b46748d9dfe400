using System.Text.Json;
using FileSharing.Client.Wire;

namespace FileSharing.Client;

/// <summary>Accounts and administration.</summary>
public sealed partial class FileShareClient
{
    public Task<LoginReply> LoginAsync(string email, string password, CancellationToken cancellation = default) =>
        api.SendAsync(
            HttpMethod.Post,
            "auth/login",
            new LoginRequest(email, password),
            WireJson.Default.LoginRequest,
            WireJson.Default.LoginReply,
            cancellation
        );

    /// <summary>The account that the token belongs to.</summary>
    public Task<RemoteUser> GetMeAsync(CancellationToken cancellation = default) =>
        api.GetAsync("users/me", WireJson.Default.RemoteUser, cancellation);

    /// <summary>Needs an administrator's token.</summary>
    public Task<RemoteUser> AddUserAsync(
        string email,
        string name,
        string password,
        CancellationToken cancellation = default
    ) =>
        api.SendAsync(
            HttpMethod.Post,
            "users",
            new AddUserRequest(email, name, password),
            WireJson.Default.AddUserRequest,
            WireJson.Default.RemoteUser,
            cancellation
        );

    /// <summary>All accounts, page by page. Needs an administrator's token.</summary>
    public IAsyncEnumerable<RemoteUser> ListUsersAsync(CancellationToken cancellation = default) =>
        ListAsync("admin/users", WireJson.Default.PageRemoteUser, cancellation);

    /// <summary>The cluster's figures as the server words them: logical_bytes, stored_bytes, disk_bytes, chunks, under_replicated, missing, ….</summary>
    public Task<JsonElement> GetClusterStatusAsync(CancellationToken cancellation = default) =>
        api.GetAsync("admin/status", WireJson.Default.JsonElement, cancellation);

    /// <summary>Asks for everything that is stored to be read and checked, on one volume or on all. Needs an administrator's token.</summary>
    /// <param name="volume">A name or an id, as the cluster's status lists them; null for all.</param>
    /// <returns>A line a volume: those that wait or run, and those that cannot be asked.</returns>
    public async Task<IReadOnlyList<VolumeScrub>> StartScrubAsync(
        string? volume,
        CancellationToken cancellation = default
    )
    {
        var reply = await api.SendAsync(
            HttpMethod.Post,
            "admin/scrub",
            new ScrubRequest(volume),
            WireJson.Default.ScrubRequest,
            WireJson.Default.PageVolumeScrub,
            cancellation
        );
        return reply.Items;
    }

    /// <summary>How far the scrubs are that were asked for last. Needs an administrator's token.</summary>
    /// <param name="volume">As in <see cref="StartScrubAsync"/>.</param>
    public async Task<IReadOnlyList<VolumeScrub>> GetScrubsAsync(
        string? volume,
        CancellationToken cancellation = default
    )
    {
        var path = volume is null ? "admin/scrub" : $"admin/scrub?volume={Uri.EscapeDataString(volume)}";
        return (await api.GetAsync(path, WireJson.Default.PageVolumeScrub, cancellation)).Items;
    }

    /// <summary>A one-time token with which a storage node joins the cluster. Needs an administrator's token.</summary>
    public Task<NodeToken> AddNodeTokenAsync(string? name, CancellationToken cancellation = default) =>
        api.SendAsync(
            HttpMethod.Post,
            "admin/nodes/tokens",
            new NodeTokenRequest(name),
            WireJson.Default.NodeTokenRequest,
            WireJson.Default.NodeToken,
            cancellation
        );
}
