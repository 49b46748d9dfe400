using FileSharing.Cluster.Map;

namespace FileSharing.Api.Placement;

/// <summary>All that the next map depends on besides the present one.</summary>
internal sealed record DriverView
{
    /// <summary>Null before there is a layout: then nothing is moved.</summary>
    public LayoutTarget? Target { get; init; }

    /// <summary>Every registered node, as it is reached now.</summary>
    public required IReadOnlyDictionary<Guid, MapNode> Nodes { get; init; }

    /// <summary>Node of every registered volume.</summary>
    public required IReadOnlyDictionary<Guid, Guid> NodeOfVolume { get; init; }

    /// <summary>Whether a volume is down; null: nothing new is known, it stays what it is.</summary>
    public required Func<Guid, bool?> IsDown { get; init; }

    /// <summary>Whether a volume was silent for so long that nobody waits for it.</summary>
    public required Func<Guid, bool> IsCutOff { get; init; }

    /// <summary>Whether this volume has reported, of a comparison begun at this floor or later, that it holds all of the partition that the source holds.</summary>
    public required Func<int, Guid, Guid, long, bool> HoldsAllOf { get; init; }

    public TimeSpan ReplaceAfter { get; init; }

    /// <summary>Moves to volumes that are up and still bring something, at a time.</summary>
    public int MovesMax { get; init; } = 2_048;
}

/// <summary>
/// One step of carrying out a layout: docs/cluster.md, section 3. A pure function of what is in the database, so any process may take the next step, and a
/// restart changes nothing.
/// </summary>
internal static class LayoutStep
{
    /// <returns>The next version of the map; null when there is nothing to change.</returns>
    public static ClusterMap? Next(ClusterMap map, DriverView view)
    {
        var volumes = Volumes(map, view);
        Guid[] before = [.. map.Volumes.Select(v => v.VolumeId)];
        Guid[] now = [.. volumes.Select(v => v.VolumeId)];
        var isSameList = before.AsSpan().SequenceEqual(now);
        var draft = new MoveDraft(
            map.Version + 1,
            volumes,
            isSameList ? map.Table : map.Table.Remap(before, now),
            view
        );
        draft.Advance(isSameList ? map.Moves : Remapped(map.Moves, before, now));
        draft.Begin();

        var used = volumes.Select(v => v.NodeId).ToHashSet();
        var nodes = map
            .Nodes.Select(node => view.Nodes.GetValueOrDefault(node.NodeId, node))
            .Concat(view.Nodes.Values.ExceptBy(map.Nodes.Select(n => n.NodeId), n => n.NodeId).OrderBy(n => n.NodeId))
            .Where(node => used.Contains(node.NodeId))
            .ToList();
        var isSame =
            !draft.HasChanged
            && volumes.SequenceEqual(map.Volumes)
            && nodes.SequenceEqual(map.Nodes)
            && map.ReplaceAfter == view.ReplaceAfter;
        return isSame
            ? null
            : new ClusterMap(map.Version + 1, map.ClusterId, nodes, volumes, draft.Table, draft.Moves)
            {
                ReplaceAfter = view.ReplaceAfter,
            };
    }

    /// <summary>Those that the table, a move or the layout names; the ones that were there keep their order, new ones come last.</summary>
    private static List<MapVolume> Volumes(ClusterMap map, DriverView view)
    {
        var members = (view.Target?.Members ?? []).Where(m => !m.IsReplaced).ToList();
        var weights = members.ToDictionary(m => m.VolumeId, m => m.Weight);
        var needed = NeededIn(map);
        var volumes = new List<MapVolume>();
        for (var i = 0; i < map.Volumes.Count; i++)
        {
            var volume = map.Volumes[i];
            if (view.Target is null || needed[i] || weights.ContainsKey(volume.VolumeId))
            {
                volumes.Add(
                    volume with
                    {
                        Weight = view.Target is null ? volume.Weight : weights.GetValueOrDefault(volume.VolumeId),
                        IsDown = view.IsDown(volume.VolumeId) ?? volume.IsDown,
                    }
                );
            }
        }

        var known = map.Volumes.Select(v => v.VolumeId).ToHashSet();
        foreach (var member in members.Where(m => !known.Contains(m.VolumeId)))
        {
            if (view.NodeOfVolume.TryGetValue(member.VolumeId, out var node) && view.Nodes.ContainsKey(node))
            {
                var isDown = view.IsDown(member.VolumeId) ?? false;
                volumes.Add(new MapVolume(member.VolumeId, node, member.Weight) { IsDown = isDown });
            }
        }

        return volumes;
    }

    private static bool[] NeededIn(ClusterMap map)
    {
        var needed = new bool[map.Volumes.Count];
        for (var partition = 0; partition < PartitionTable.Partitions; partition++)
        {
            foreach (var owner in map.Table.OwnersOf(partition))
            {
                if (owner != PartitionTable.None)
                {
                    needed[owner] = true;
                }
            }
        }

        foreach (var move in map.Moves)
        {
            needed[move.From] = true;
            needed[move.To] = true;
        }

        return needed;
    }

    private static List<ReplicaMove> Remapped(IReadOnlyList<ReplicaMove> moves, Guid[] before, Guid[] now)
    {
        var index = now.Index().ToDictionary(v => v.Item, v => (ushort)v.Index);
        return [.. moves.Select(m => m with { From = index[before[m.From]], To = index[before[m.To]] })];
    }
}
