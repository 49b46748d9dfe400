namespace FileSharing.Micro;

/// <summary>What the places would be without a table: a ring of virtual nodes, and rendezvous hashing; equal weights, one zone, hashes at random.</summary>
internal static class PlacementAlternatives
{
    private const int Replicas = 3;
    private const int PointsANode = 256;
    private const int Partitions = 16_384;

    /// <summary>Three distinct nodes clockwise of every point of the hash space.</summary>
    /// <returns>The fullest node's part of the space over the mean.</returns>
    public static double Ring(Random random, int nodes)
    {
        var points = Enumerable
            .Range(0, nodes * PointsANode)
            .Select(i => (At: random.NextDouble(), Node: i % nodes))
            .OrderBy(point => point.At)
            .ToArray();
        var loads = new double[nodes];
        var owners = new HashSet<int>();
        for (var i = 0; i < points.Length; i++)
        {
            var arc = points[i].At - (i == 0 ? points[^1].At - 1 : points[i - 1].At);
            owners.Clear();
            for (var next = i; owners.Count < Replicas; next++)
            {
                var node = points[next % points.Length].Node;
                if (owners.Add(node))
                {
                    loads[node] += arc;
                }
            }
        }

        return loads.Max() * nodes / Replicas;
    }

    /// <summary>The three nodes with the highest hash of (partition, node), for as many partitions as the table has.</summary>
    /// <returns>The fullest node's partitions over the mean.</returns>
    public static double Rendezvous(Random random, int nodes)
    {
        var loads = new int[nodes];
        for (var partition = 0; partition < Partitions; partition++)
        {
            foreach (
                var node in Enumerable
                    .Range(0, nodes)
                    .Select(n => (n, random.NextDouble()))
                    .OrderByDescending(p => p.Item2)
                    .Take(Replicas)
            )
            {
                loads[node.n]++;
            }
        }

        return (double)loads.Max() * nodes / (Replicas * Partitions);
    }
}
