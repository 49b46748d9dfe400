using System.Net;
using System.Net.Sockets;

namespace FileSharing.UnitTests.StorageNode;

/// <summary>Passes TCP connections on to a server, each piece of bytes after a delay: what a node looks like whose machine or network is slow.</summary>
internal sealed class SlowLink : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stopping = new();
    private readonly Uri server;
    private readonly Task accepting;
    private long delayTicks;
    private int connections;

    public SlowLink(Uri server)
    {
        this.server = server;
        listener.Start();
        accepting = AcceptAsync();
    }

    public Uri Url => new($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");

    /// <summary>Of each piece, either way; <see cref="Timeout.InfiniteTimeSpan"/> lets nothing through.</summary>
    public TimeSpan Delay
    {
        get => TimeSpan.FromTicks(Volatile.Read(ref delayTicks));
        set => Volatile.Write(ref delayTicks, value.Ticks);
    }

    /// <summary>Taken so far.</summary>
    public int Connections => Volatile.Read(ref connections);

    private async Task AcceptAsync()
    {
        var passing = new List<Task>();
        try
        {
            while (true)
            {
                var client = await listener.AcceptTcpClientAsync(stopping.Token);
                Interlocked.Increment(ref connections);
                passing.Add(PassAsync(client));
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(passing);
        }
    }

    private async Task PassAsync(TcpClient client)
    {
        using (client)
        using (var upstream = new TcpClient())
        using (var end = CancellationTokenSource.CreateLinkedTokenSource(stopping.Token))
        {
            await upstream.ConnectAsync(server.Host, server.Port);
            var pumps = new[]
            {
                PumpAsync(client.GetStream(), upstream.GetStream(), end.Token),
                PumpAsync(upstream.GetStream(), client.GetStream(), end.Token),
            };
            await Task.WhenAny(pumps);
            await end.CancelAsync();
            await Task.WhenAll(pumps);
        }
    }

    private async Task PumpAsync(NetworkStream from, NetworkStream to, CancellationToken end)
    {
        var piece = new byte[64 << 10];
        try
        {
            int read;
            while ((read = await from.ReadAsync(piece, end)) > 0)
            {
                await Task.Delay(Delay, end);
                await to.WriteAsync(piece.AsMemory(0, read), end);
            }
        }
        catch (Exception error) when (error is IOException or OperationCanceledException)
        {
            // One end has gone: so does the other.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync();
        await accepting;
        listener.Dispose();
        stopping.Dispose();
    }
}
