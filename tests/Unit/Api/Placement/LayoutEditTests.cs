using FileSharing.Api;
using FileSharing.Api.Placement;
using FileSharing.Metadata;
using static FileSharing.UnitTests.Api.Placement.TestCluster;

namespace FileSharing.UnitTests.Api.Placement;

public sealed class LayoutEditTests
{
    private readonly VolumeDirectory directory = Directory(4, volumesEach: 2);
    private readonly List<LayoutMember> members = Members(Volume(1), Volume(2), Volume(3));

    [Fact]
    public void Volumes_are_added_by_name_with_their_capacity_or_the_weight_that_is_given()
    {
        Assert.Equal(new LayoutMember(Volume(4, 2), 100), Edit("add", "4/2")[^1]);
        Assert.Equal(new LayoutMember(Volume(4, 2), 7), Edit("add", $"{Volume(4, 2)}", 7)[^1]);
    }

    [Fact]
    public void Members_are_removed_reweighted_and_drained()
    {
        Assert.Equal([Volume(1), Volume(3)], Edit("remove", "2/1").Select(m => m.VolumeId));
        Assert.Equal([1, 5, 1], Edit("reweight", "2/1", 5).Select(m => m.Weight));
        Assert.Equal([1, 0, 1], Edit("drain", "2/1").Select(m => m.Weight));
    }

    [Theory]
    [InlineData("add", "9/1", null, ApiError.NotFound)]
    [InlineData("add", "1/1", null, ApiError.LayoutRefused)]
    [InlineData("remove", "4/1", null, ApiError.LayoutRefused)]
    [InlineData("drain", "4/1", null, ApiError.LayoutRefused)]
    [InlineData("add", "4/1", 0d, ApiError.InvalidRequest)]
    [InlineData("reweight", "1/1", -1d, ApiError.InvalidRequest)]
    [InlineData("reweight", "1/1", double.NaN, ApiError.InvalidRequest)]
    [InlineData("reweight", "1/1", null, ApiError.InvalidRequest)]
    [InlineData("shuffle", "1/1", null, ApiError.InvalidRequest)]
    public void What_makes_no_sense_is_refused(string operation, string volume, double? weight, ApiError error)
    {
        Assert.Equal(error, Assert.Throws<ApiException>(() => Edit(operation, volume, weight)).Error);
    }

    [Fact]
    public void A_new_disk_in_an_old_ones_place_has_its_name_and_is_the_one_to_add()
    {
        var fresh = Guid.CreateVersion7();
        var replaced = new VolumeDirectory(
            [
                .. Enumerable
                    .Range(1, 3)
                    .Select(n => new NodeRow
                    {
                        NodeId = Node(n),
                        Name = $"{n}",
                        Url = "http://127.0.0.1:1",
                        Zone = "",
                    }),
            ],
            [
                new VolumeRow
                {
                    VolumeId = Volume(2),
                    NodeId = Node(2),
                    Number = 1,
                },
                new VolumeRow
                {
                    VolumeId = fresh,
                    NodeId = Node(2),
                    Number = 1,
                },
            ]
        );

        Assert.Equal(fresh, new LayoutEdit("add", "2/1", null).ApplyTo(members, replaced)[^1].VolumeId);
        Assert.DoesNotContain(
            Volume(2),
            new LayoutEdit("remove", "2/1", null).ApplyTo(members, replaced).Select(m => m.VolumeId)
        );
    }

    private IReadOnlyList<LayoutMember> Edit(string operation, string volume, double? weight = null) =>
        new LayoutEdit(operation, volume, weight).ApplyTo(members, directory);
}
