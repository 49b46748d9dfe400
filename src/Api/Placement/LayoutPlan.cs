using System.Buffers.Binary;
using System.Security.Cryptography;
using FileSharing.Cluster.Map;
using FileSharing.Metadata;

namespace FileSharing.Api.Placement;

/// <summary>What a layout would do, before it does: a pure function of layout and map.</summary>
internal sealed class LayoutPlan
{
    private LayoutPlan(
        string id,
        IReadOnlyList<LayoutMember> members,
        PartitionTable table,
        IReadOnlyList<Guid> volumes,
        TableChange change,
        int[] before,
        int[] after
    )
    {
        Id = id;
        Members = members;
        Table = table;
        Volumes = volumes;
        Change = change;
        Before = before;
        After = after;
    }

    /// <summary>Names what it does: the same members and the same table, after the same layout, have the same.</summary>
    public string Id { get; }

    public IReadOnlyList<LayoutMember> Members { get; }

    /// <summary>The target, as indices into <see cref="Members"/>.</summary>
    public PartitionTable Table { get; }

    /// <summary>Those of the layout, then those of the map that leave it; the lists that follow are in this order.</summary>
    public IReadOnlyList<Guid> Volumes { get; }

    public TableChange Change { get; }

    /// <summary>Replicas that each volume owns now.</summary>
    public IReadOnlyList<int> Before { get; }

    /// <summary>Replicas that each volume is to have.</summary>
    public IReadOnlyList<int> After { get; }

    /// <summary>Replicas that must move at least for volumes to have as many as they are to have.</summary>
    public int Minimum => Before.Zip(After, (before, after) => Math.Max(0, after - before)).Sum();

    /// <summary>Bytes that each volume has to fetch.</summary>
    public double[] BytesIn(PartitionBytes bytes)
    {
        var into = new double[Volumes.Count];
        foreach (var move in Change.Moves)
        {
            into[move.To] += bytes.OfOne(move.From == PartitionTable.None ? Guid.Empty : Volumes[move.From]);
        }

        return into;
    }

    /// <param name="map">The present one.</param>
    /// <param name="members">Of the layout to come.</param>
    /// <param name="applied">Id of the layout that it follows; 0 for none.</param>
    /// <param name="directory">Knows every one of them.</param>
    /// <exception cref="ApiException"><see cref="ApiError.LayoutRefused"/>: three copies would not be kept.</exception>
    public static LayoutPlan Make(
        ClusterMap map,
        IReadOnlyList<LayoutMember> members,
        long applied,
        VolumeDirectory directory
    )
    {
        RefuseUnsafe(map, members, directory);
        Guid[] ofMap = [.. map.Volumes.Select(v => v.VolumeId)];
        Guid[] ofLayout = [.. members.Select(m => m.VolumeId)];
        Guid[] all = [.. ofLayout, .. ofMap.Except(ofLayout)];
        var weights = members.ToDictionary(m => m.VolumeId, m => m.IsReplaced ? 0 : m.Weight);
        var placed = all.Select(id => Placed(map, directory, id, weights.GetValueOrDefault(id))).ToList();

        // What is only being copied does not count as there: a copy is taken back at no cost, when the layout does not want it after all.
        var present = map.Table.Remap(ofMap, all);
        var after = PartitionTableBuilder.Change(placed, present);
        var change = TableChange.Between(present, after, all.Length);
        var table = after.Remap(all, ofLayout);
        return new LayoutPlan(
            IdOf(applied, members, table),
            members,
            table,
            all,
            change,
            present.CountsOf(all.Length),
            after.CountsOf(all.Length)
        );
    }

    private static PlacementVolume Placed(ClusterMap map, VolumeDirectory directory, Guid id, double weight)
    {
        if (directory.Knows(id))
        {
            var node = directory.NodeOf(id);
            return new PlacementVolume(node.NodeId, node.Zone, weight);
        }

        var ofMap = map.NodeOf(map.Volumes.First(v => v.VolumeId == id));
        return new PlacementVolume(ofMap.NodeId, ofMap.Zone, weight);
    }

    private static void RefuseUnsafe(ClusterMap map, IReadOnlyList<LayoutMember> members, VolumeDirectory directory)
    {
        var nodes = members
            .Where(m => m is { IsReplaced: false, Weight: > 0 })
            .Select(m => directory.NodeOf(m.VolumeId).NodeId)
            .Distinct()
            .Count();
        if (nodes < PartitionTable.Replicas)
        {
            throw Refused(
                $"Three copies need three nodes with volumes of positive weight; {nodes} would remain. Add a node first."
            );
        }

        LastCopies.RefuseToTakeOut(map, members, directory);
    }

    private static string IdOf(long applied, IReadOnlyList<LayoutMember> members, PartitionTable table)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> field = stackalloc byte[16 + sizeof(double) + 1];
        BinaryPrimitives.WriteInt64LittleEndian(field, applied);
        hash.AppendData(field[..sizeof(long)]);
        foreach (var member in members)
        {
            member.VolumeId.TryWriteBytes(field);
            BinaryPrimitives.WriteDoubleLittleEndian(field[16..], member.Weight);
            field[^1] = (byte)((member.IsReplaced ? 1 : 0) | (member.IsLost ? 2 : 0));
            hash.AppendData(field);
        }

        hash.AppendData(table.ToBytes());
        return Convert.ToHexStringLower(hash.GetHashAndReset().AsSpan(0, 8));
    }

    private static ApiException Refused(string detail) => new(ApiError.LayoutRefused, detail);
}
