namespace FileSharing.Cluster.Map;

/// <summary>
/// Brings every volume to its share where no single move does it: shortest paths of replacements, each allowed by the rules, from an empty place or
/// from a volume with too much to one with too little. It is the augmenting path of matroid union (the volumes that may stand together in a partition
/// are a laminar matroid): while shares that the rules allow are not reached there is one, and on a shortest one all replacements are allowed together.
/// </summary>
internal sealed class ExchangePaths
{
    private readonly TableDraft draft;
    private readonly PlacementRules rules;
    private readonly int volumes;
    private readonly int[] via;
    private readonly bool[] isSeen;
    private readonly List<int>[] unseenByZone;
    private readonly List<int> zonesWithUnseen = [];
    private readonly Queue<int> queue = new();
    private readonly Queue<int> dearer = new();
    private readonly List<(int Place, ushort Owner)> undo = [];

    public ExchangePaths(TableDraft draft, PlacementRules rules, int volumes)
    {
        this.draft = draft;
        this.rules = rules;
        this.volumes = volumes;
        via = new int[volumes];
        isSeen = new bool[volumes];
        unseenByZone = [.. Enumerable.Range(0, volumes).Select(_ => new List<int>())];
    }

    /// <summary>Fills every empty place.</summary>
    public void FillEmptyPlaces()
    {
        for (var place = 0; place < TableDraft.Places; place++)
        {
            if (draft.Owners[place] == PartitionTable.None)
            {
                _ = Follow(PartitionTable.None, place, Cost.Least) || Follow(PartitionTable.None, place, Cost.Any);
            }
        }
    }

    /// <summary>Levels out as far as it costs no move: by other volumes in places that are vacated anyway, and by volumes that stay after all.</summary>
    public void LevelOutFree()
    {
        for (var volume = 0; volume < volumes; volume++)
        {
            while (draft.Excess(volume) > 0 && Follow((ushort)volume, -1, Cost.Free)) { }
        }
    }

    /// <summary>Takes from every volume what it has above its share.</summary>
    public void LevelOut()
    {
        for (var volume = 0; volume < volumes; volume++)
        {
            while (draft.Excess(volume) > 0)
            {
                _ = Follow((ushort)volume, -1, Cost.Least) || Follow((ushort)volume, -1, Cost.Any);
            }
        }
    }

    /// <param name="from">The volume to start from, or none when it is the empty place.</param>
    /// <param name="emptyPlace">Used where there is no volume to start from.</param>
    /// <param name="cost">Which path.</param>
    /// <returns>
    /// False, with nothing changed, when there is no free path, or when not all replacements are allowed together. Neither happens to the shortest.
    /// </returns>
    private bool Follow(ushort from, int emptyPlace, Cost cost)
    {
        Begin();
        var end = -1;
        if (from == PartitionTable.None)
        {
            end = Reach(emptyPlace);
        }
        else
        {
            isSeen[from] = true;
            queue.Enqueue(from);
        }

        while (end < 0)
        {
            if (queue.TryDequeue(out var volume))
            {
                end = ReachFrom(volume, free: cost != Cost.Any);
                dearer.Enqueue(volume);
            }
            else if (cost == Cost.Free)
            {
                return false;
            }
            else if (dearer.TryDequeue(out volume))
            {
                end = ReachFrom(volume, free: false);
            }
            else
            {
                throw new InvalidOperationException("The shares cannot be reached under the rules of placement.");
            }
        }

        return Replace(end);
    }

    /// <summary>Makes the replacements of the path, the last first: so every one is allowed when it is made.</summary>
    private bool Replace(int end)
    {
        undo.Clear();
        for (var next = end; next != PartitionTable.None && via[next] >= 0; )
        {
            var place = via[next];
            if (!draft.MayStand(place, next))
            {
                undo.Reverse();
                undo.ForEach(step => draft.Set(step.Place, step.Owner));
                return false;
            }

            undo.Add((place, draft.Owners[place]));
            draft.Set(place, (ushort)next);
            next = undo[^1].Owner;
        }

        return true;
    }

    private void Begin()
    {
        queue.Clear();
        dearer.Clear();
        zonesWithUnseen.Clear();
        foreach (var unseen in unseenByZone)
        {
            unseen.Clear();
        }

        for (var volume = 0; volume < volumes; volume++)
        {
            var unseen = unseenByZone[rules.ZoneOf(volume)];
            if (unseen.Count == 0)
            {
                zonesWithUnseen.Add(rules.ZoneOf(volume));
            }

            unseen.Add(volume);
            via[volume] = -1;
            isSeen[volume] = false;
        }
    }

    /// <param name="free">Only where that is no move more: places that have moved, and owners of before in place of one that stays.</param>
    /// <returns>A volume that lacks replicas and may take a place of this one, or -1.</returns>
    private int ReachFrom(int volume, bool free)
    {
        foreach (var place in draft.PlacesOf(volume))
        {
            var end = free && draft.IsKept(place) ? ReachReturning(place) : Reach(place);
            if (end >= 0)
            {
                return end;
            }
        }

        return -1;
    }

    private int ReachReturning(int place)
    {
        foreach (var owner in draft.OwnersBefore(place / PartitionTable.Replicas))
        {
            if (owner != PartitionTable.None && !isSeen[owner] && draft.MayStand(place, owner) && IsEnd(place, owner))
            {
                return owner;
            }
        }

        return -1;
    }

    private int Reach(int place)
    {
        var owners = draft.OwnersOf(place / PartitionTable.Replicas);
        for (var i = zonesWithUnseen.Count - 1; i >= 0; i--)
        {
            var zone = zonesWithUnseen[i];
            if (rules.IsFull(owners, place % PartitionTable.Replicas, zone))
            {
                continue;
            }

            if (ReachInZone(place, unseenByZone[zone]) is var end and >= 0)
            {
                return end;
            }

            if (unseenByZone[zone].Count == 0)
            {
                zonesWithUnseen.RemoveAt(i);
            }
        }

        return -1;
    }

    private int ReachInZone(int place, List<int> unseen)
    {
        var kept = 0;
        for (var i = 0; i < unseen.Count; i++)
        {
            var volume = unseen[i];
            if (isSeen[volume])
            {
                continue;
            }

            if (!draft.MayStand(place, volume))
            {
                unseen[kept++] = volume;
            }
            else if (IsEnd(place, volume))
            {
                return volume;
            }
        }

        unseen.RemoveRange(kept, unseen.Count - kept);
        return -1;
    }

    private bool IsEnd(int place, int volume)
    {
        isSeen[volume] = true;
        via[volume] = place;
        queue.Enqueue(volume);
        return draft.Excess(volume) < 0;
    }

    private enum Cost
    {
        /// <summary>No move more than there are.</summary>
        Free,

        /// <summary>As few as possible.</summary>
        Least,

        /// <summary>The fewest replacements, whatever they cost.</summary>
        Any,
    }
}
