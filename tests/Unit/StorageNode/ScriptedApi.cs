using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace FileSharing.UnitTests.StorageNode;

/// <summary>An HTTP server on loopback that answers as the test says: an API, or a peer, that behaves badly.</summary>
internal sealed class ScriptedApi : IAsyncDisposable
{
    private readonly WebApplication app;

    private ScriptedApi(WebApplication app) => this.app = app;

    public Uri Url => new(app.Urls.First());

    public static async Task<ScriptedApi> StartAsync(RequestDelegate answer)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        var built = builder.Build();
        built.Run(answer);
        await built.StartAsync();
        return new ScriptedApi(built);
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();
}
