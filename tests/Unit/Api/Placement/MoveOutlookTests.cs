using FileSharing.Api.Frontends.Rest;
using FileSharing.Api.Placement;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Wire;
using static FileSharing.UnitTests.Api.Placement.TestCluster;

namespace FileSharing.UnitTests.Api.Placement;

public sealed class MoveOutlookTests
{
    private const long Budget = 1_000_000;
    private const long BytesOfOne = 10_000;

    private static readonly Guid[] Four = [Volume(1), Volume(2), Volume(3), Volume(4)];

    private readonly ClusterMap map;

    public MoveOutlookTests()
    {
        var directory = Directory(5);
        var cluster = new Simulated(directory, Map(directory, Four[..3]));
        cluster.Plan([.. Members(Four)]);
        cluster.Step();
        map = cluster.Map;
    }

    [Fact]
    public void Before_anything_is_fetched_the_time_is_that_at_the_budget()
    {
        var outlook = Outlook(fetchBytesPerSecond: 0);

        Assert.Equal(256, outlook.UnderWay);
        Assert.Equal(256 * BytesOfOne, outlook.BytesLeft);
        Assert.Equal(256 * BytesOfOne / (double)Budget, outlook.Seconds, 0.001);
    }

    [Fact]
    public void A_volume_that_is_slower_than_its_budget_is_believed()
    {
        Assert.Equal(256 * BytesOfOne / 100_000.0, Outlook(fetchBytesPerSecond: 100_000).Seconds, 0.001);
    }

    [Fact]
    public void A_budget_that_was_just_lowered_is_believed_more_than_the_pace_before()
    {
        Assert.Equal(256 * BytesOfOne / (double)Budget, Outlook(fetchBytesPerSecond: 50 * Budget).Seconds, 0.001);
    }

    [Fact]
    public void The_estimate_is_nothing_only_when_nothing_is_queued_and_nothing_moves()
    {
        var none = new MovesMessage(0, 0, 0, 0);

        Assert.Equal(0, RepairStatus.EstimateOf(0, none, null));
        Assert.Null(RepairStatus.EstimateOf(1, none, null));
        Assert.Equal(7, RepairStatus.EstimateOf(0, new MovesMessage(1, 0, 100, 7), null));
        Assert.Equal(8, RepairStatus.EstimateOf(3, new MovesMessage(0, 1, 100, 8), null));
    }

    private MoveOutlook Outlook(double fetchBytesPerSecond)
    {
        var counts = map.Table.CountsOf(map.Volumes.Count);
        var answers = map
            .Volumes.Index()
            .Select(v => new NodeAnswer(
                map.NodeOf(v.Item),
                new NodeStatus(
                    v.Item.NodeId,
                    "n",
                    map.Version,
                    [Status(v.Item.VolumeId, counts[v.Index] * BytesOfOne, fetchBytesPerSecond)]
                ),
                Reason: null
            ));
        return MoveOutlook.Of(map, target: null, [], new PartitionBytes(map, answers), Budget);
    }

    private static VolumeStatus Status(Guid volumeId, long liveBytes, double fetchBytesPerSecond) =>
        VolumeStatus.Of(1, "/v", volumeId, "writable", reason: null) with
        {
            LiveRecordBytes = liveBytes,
            FetchBytesPerSecond = fetchBytesPerSecond,
        };
}
