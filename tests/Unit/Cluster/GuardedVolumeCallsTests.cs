using System.Net;
using FileSharing.Chunks;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Transport;
using FileSharing.Cluster.Wire;
using Microsoft.Extensions.Logging.Abstractions;

namespace FileSharing.UnitTests.Cluster;

public sealed class GuardedVolumeCallsTests
{
    private static readonly MapVolume Volume = new(Guid.NewGuid(), Guid.NewGuid(), 1);

    private readonly SettableTime time = new(DateTimeOffset.UnixEpoch);
    private readonly ScriptedVolume volume = new();
    private readonly GuardedVolumeCalls calls;

    public GuardedVolumeCallsTests() =>
        calls = new GuardedVolumeCalls(volume, new PeerHealth(time, new Random(1), NullLogger<PeerHealth>.Instance));

    [Fact]
    public async Task A_node_that_does_not_answer_is_not_asked_by_every_upload()
    {
        volume.Answer = () => throw new HttpRequestException("Connection refused.");
        for (var i = 0; i < 20; i++)
        {
            await Assert.ThrowsAsync<HttpRequestException>(AdoptAsync);
        }

        Assert.Equal(PeerHealth.FailuresMax, volume.Asked);
    }

    [Fact]
    public async Task A_node_that_takes_too_long_counts_as_one_that_does_not_answer()
    {
        volume.Answer = () => throw new TaskCanceledException("The request timed out.");
        for (var i = 0; i < 20; i++)
        {
            await Assert.ThrowsAnyAsync<Exception>(AdoptAsync);
        }

        Assert.Equal(PeerHealth.FailuresMax, volume.Asked);
    }

    [Fact]
    public async Task A_node_that_is_back_is_asked_again_after_the_pause()
    {
        volume.Answer = () => throw new HttpRequestException("Connection refused.");
        for (var i = 0; i < 4; i++)
        {
            await Assert.ThrowsAsync<HttpRequestException>(AdoptAsync);
        }

        volume.Answer = () => [true];
        time.Now += PeerHealth.PauseMax * 1.25;

        Assert.Equal([true], await AdoptAsync());
        Assert.Equal([true], await AdoptAsync());
    }

    [Fact]
    public async Task A_node_that_refuses_has_answered_and_is_asked_on()
    {
        volume.Answer = () => throw new NodeCallException(HttpStatusCode.ServiceUnavailable, problem: null);
        for (var i = 0; i < 20; i++)
        {
            await Assert.ThrowsAsync<NodeCallException>(AdoptAsync);
        }

        Assert.Equal(20, volume.Asked);
    }

    private Task<IReadOnlyList<bool>> AdoptAsync() => calls.AdoptAsync(Volume, 1, [default], CancellationToken.None);

    private sealed class ScriptedVolume : SilentVolumeCalls
    {
        public Func<IReadOnlyList<bool>> Answer { get; set; } = () => [];

        public int Asked { get; private set; }

        public override Task<IReadOnlyList<bool>> AdoptAsync(
            MapVolume volume,
            uint epoch,
            IReadOnlyList<ChunkId> ids,
            CancellationToken cancellationToken
        )
        {
            Asked++;
            return Task.FromResult(Answer());
        }
    }
}
