namespace FileSharing.Cluster.Map;

/// <summary>What placement needs to know of a volume; its index in the list is its index in the table.</summary>
public readonly record struct PlacementVolume(Guid NodeId, string Zone, double Weight);

/// <summary>
/// Builds a table from nothing: a pure function of the list, so every process that builds it builds the same. Greedy by deficit with
/// constraints (three nodes a partition; three zones where there are three), then moves from over- to under-full. The idea of an optimised table is
/// Swift's ring builder; the targets are weights filled like water up to what the constraints allow.
/// </summary>
public static class PartitionTableBuilder
{
    /// <summary>Passes of moves after the greedy fill; each is linear, and two were enough in every layout of the tests.</summary>
    private const int MovePassesMax = 6;

    /// <exception cref="ArgumentException">Fewer than three nodes, or a weight that is not positive.</exception>
    public static PartitionTable Build(IReadOnlyList<PlacementVolume> volumes)
    {
        ArgumentNullException.ThrowIfNull(volumes);
        var nodes = volumes.Select(volume => volume.NodeId).Distinct().Count();
        if (nodes < PartitionTable.Replicas || volumes.Any(volume => !(volume.Weight > 0)))
        {
            throw new ArgumentException(
                $"Three copies need {PartitionTable.Replicas} nodes with volumes of positive weight; there are {nodes}.",
                nameof(volumes)
            );
        }

        var layout = new Layout(volumes, PlacementTargets.Of(volumes));
        layout.Fill();
        for (var pass = 0; pass < MovePassesMax && layout.MoveFromFullToEmpty(); pass++) { }

        return new PartitionTable(layout.InReadOrder());
    }

    /// <summary>The table while it is being built.</summary>
    private sealed class Layout
    {
        private readonly IReadOnlyList<PlacementVolume> volumes;
        private readonly double[] targets;
        private readonly int[] zoneOf;
        private readonly int[] nodeOf;
        private readonly int perZoneMax;
        private readonly int[] counts;
        private readonly ushort[] owners = new ushort[PartitionTable.Partitions * PartitionTable.Replicas];

        public Layout(IReadOnlyList<PlacementVolume> volumes, double[] targets)
        {
            this.volumes = volumes;
            this.targets = targets;
            counts = new int[volumes.Count];
            zoneOf = Numbered(volumes.Select(volume => volume.Zone));
            nodeOf = Numbered(volumes.Select(volume => volume.NodeId));
            perZoneMax = PlacementTargets.PerZoneMax(zoneOf.Max() + 1);
            Array.Fill(owners, PartitionTable.None);
        }

        /// <summary>Each partition takes the three emptiest volumes that may stand together.</summary>
        public void Fill()
        {
            var byDeficit = new PriorityQueue<int, (double, ulong)>();
            for (var volume = 0; volume < volumes.Count; volume++)
            {
                byDeficit.Enqueue(volume, Order(volume, 0));
            }

            var skipped = new List<int>();
            for (var partition = 0; partition < PartitionTable.Partitions; partition++)
            {
                for (var replica = 0; replica < PartitionTable.Replicas; replica++)
                {
                    while (byDeficit.TryDequeue(out var volume, out _))
                    {
                        if (MayHold(partition, volume, except: -1))
                        {
                            owners[(partition * PartitionTable.Replicas) + replica] = (ushort)volume;
                            counts[volume]++;
                            byDeficit.Enqueue(volume, Order(volume, partition + 1));
                            break;
                        }

                        skipped.Add(volume);
                    }

                    foreach (var volume in skipped)
                    {
                        byDeficit.Enqueue(volume, Order(volume, partition + 1));
                    }

                    skipped.Clear();
                }
            }
        }

        /// <summary>One pass; true when anything moved.</summary>
        public bool MoveFromFullToEmpty()
        {
            var moved = false;
            for (var slot = 0; slot < owners.Length; slot++)
            {
                var from = owners[slot];
                if (from == PartitionTable.None || counts[from] <= Math.Ceiling(targets[from] - 1e-9))
                {
                    continue;
                }

                var partition = slot / PartitionTable.Replicas;
                var to = Emptiest(partition, from);
                if (to >= 0)
                {
                    owners[slot] = (ushort)to;
                    counts[from]--;
                    counts[to]++;
                    moved = true;
                }
            }

            return moved;
        }

        /// <summary>The same owners, the order turned so that every volume is asked first in its share of its partitions.</summary>
        public ushort[] InReadOrder()
        {
            var firsts = new int[volumes.Count];
            for (var partition = 0; partition < PartitionTable.Partitions; partition++)
            {
                var slots = owners.AsSpan(partition * PartitionTable.Replicas, PartitionTable.Replicas);
                var first = 0;
                for (var i = 1; i < slots.Length; i++)
                {
                    if (
                        slots[i] != PartitionTable.None
                        && firsts[slots[i]] / targets[slots[i]] < firsts[slots[first]] / targets[slots[first]]
                    )
                    {
                        first = i;
                    }
                }

                (slots[0], slots[first]) = (slots[first], slots[0]);
                firsts[slots[0]]++;
                if ((partition & 1) == 1)
                {
                    (slots[1], slots[2]) = (slots[2], slots[1]);
                }
            }

            return owners;
        }

        private int Emptiest(int partition, int from)
        {
            var best = -1;
            for (var volume = 0; volume < volumes.Count; volume++)
            {
                if (
                    counts[volume] < Math.Floor(targets[volume] + 1e-9)
                    && (best < 0 || targets[volume] - counts[volume] > targets[best] - counts[best])
                    && MayHold(partition, volume, except: from)
                )
                {
                    best = volume;
                }
            }

            return best;
        }

        private bool MayHold(int partition, int volume, int except)
        {
            var inZone = 0;
            foreach (var owner in owners.AsSpan(partition * PartitionTable.Replicas, PartitionTable.Replicas))
            {
                if (owner == PartitionTable.None || owner == except)
                {
                    continue;
                }

                if (nodeOf[owner] == nodeOf[volume])
                {
                    return false;
                }

                inZone += zoneOf[owner] == zoneOf[volume] ? 1 : 0;
            }

            return inZone < perZoneMax;
        }

        /// <summary>Largest deficit first; equal ones in an order that differs by partition, so that the triples are spread.</summary>
        private (double, ulong) Order(int volume, int salt) =>
            (counts[volume] - targets[volume], Mix(((ulong)(uint)volume << 32) | (uint)salt));

        private static ulong Mix(ulong z)
        {
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
            return z ^ (z >> 31);
        }

        private static int[] Numbered<T>(IEnumerable<T> keys)
            where T : notnull
        {
            var numbers = new Dictionary<T, int>();
            var result = new List<int>();
            foreach (var key in keys)
            {
                numbers.TryAdd(key, numbers.Count);
                result.Add(numbers[key]);
            }

            return [.. result];
        }
    }
}
