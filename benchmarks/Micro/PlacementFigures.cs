using System.Globalization;
using FileSharing.Cluster.Map;

namespace FileSharing.Micro;

/// <summary>How even tables are and how little moves, over clusters chosen by seed: prints the tables of docs/placement.md.</summary>
internal static class PlacementFigures
{
    private const int Seeds = 20;

    private static readonly (string Name, Func<Random, int, int, List<Member>> Make)[] Shapes =
    [
        ("even", PlacementScenarios.Even),
        ("uneven", PlacementScenarios.Uneven),
    ];

    public static void Print()
    {
        Console.WriteLine(
            "| volumes | even zones: max/target | uneven zones: max/target | beyond 1.02 | of these without need | first places beyond a third ± 1 |"
        );
        Console.WriteLine("|---|---|---|---|---|---|");
        foreach (var count in (int[])[3, 4, 5, 7, 10, 20, 30, 50, 70, 100, 200, 500, 1_000])
        {
            PrintBalance(count);
        }

        Console.WriteLine();
        Console.WriteLine(
            "| nodes of equal weight | table | ring, 256 points a node | rendezvous, 16,384 partitions |"
        );
        Console.WriteLine("|---|---|---|---|");
        foreach (var count in (int[])[10, 100, 1_000])
        {
            PrintAlternatives(count);
        }

        Console.WriteLine();
        Console.WriteLine(
            "| change | zones | volumes | cases | moved / gains by target, mean | worst | proved fewest | max/target after | beyond 1.02 | of these without need |"
        );
        Console.WriteLine("|---|---|---|---|---|---|---|---|---|---|");
        foreach (var (kind, apply) in PlacementScenarios.Kinds)
        {
            foreach (var (shape, make) in Shapes)
            {
                foreach (var count in (int[])[10, 100, 1_000])
                {
                    PrintMoves($"| {kind} | {shape} | {count:N0} |", make, apply, count);
                }
            }
        }
    }

    private static void PrintBalance(int count)
    {
        var worst = new double[Shapes.Length];
        var beyond = new Beyond();
        var firsts = 0.0;
        for (var seed = 0; seed < Seeds; seed++)
        {
            for (var shape = 0; shape < Shapes.Length; shape++)
            {
                var members = Shapes[shape].Make(new Random(seed), count, 1 + (seed % 5));
                var table = PartitionTableBuilder.Build(PlacementScenarios.Placement(members));
                worst[shape] = Math.Max(worst[shape], beyond.Of(members, table));
                firsts = Math.Max(firsts, PlacementScenarios.FirstsBeyondOne(members, table));
            }
        }

        Write($"| {count:N0} | {worst[0]:F4} | {worst[1]:F4} | {beyond} | {firsts:P1} |");
    }

    private static void PrintAlternatives(int count)
    {
        var random = new Random(count);
        var members = PlacementScenarios.Even(random, count, 1).ConvertAll(m => m with { Weight = 1 });
        var table = PartitionTableBuilder.Build(PlacementScenarios.Placement(members));
        Write(
            $"| {count:N0} | {PlacementScenarios.MaxOverTarget(members, table):F4} | {PlacementAlternatives.Ring(random, count):F4} | {PlacementAlternatives.Rendezvous(random, count):F4} |"
        );
    }

    private static void PrintMoves(
        string head,
        Func<Random, int, int, List<Member>> make,
        Func<List<Member>, Random, List<Member>> apply,
        int count
    )
    {
        var ratios = new List<double>();
        var fewest = 0;
        var balance = 0.0;
        var beyond = new Beyond();
        for (var seed = 0; seed < Seeds; seed++)
        {
            var random = new Random(seed);
            var members = make(random, count, 1 + (seed % 5));
            var next = apply(members, random);
            if (!PlacementScenarios.CanHoldThreeCopies(next))
            {
                continue;
            }

            var table = PartitionTableBuilder.Build(PlacementScenarios.Placement(members));
            var before = PlacementScenarios.Remap(table, members, next);
            var after = PartitionTableBuilder.Change(PlacementScenarios.Placement(next), before);
            var moved = TableChange.Between(before, after, next.Count).Moves.Count;
            var gains = PlacementScenarios.TargetGains(members, next);
            ratios.Add(moved == 0 ? 1 : moved / gains);
            fewest += PlacementScenarios.MovesFewest(next, before, after) ? 1 : 0;
            balance = Math.Max(balance, beyond.Of(next, after));
        }

        if (ratios.Count > 0)
        {
            Write(
                $"{head} {ratios.Count} | {ratios.Average():F4} | {ratios.Max():F4} | {fewest} | {balance:F4} | {beyond} |"
            );
        }
    }

    /// <summary>Counts tables that go beyond the goal for 1,000 volumes, and those of them that need not: whole replicas would allow it.</summary>
    private sealed class Beyond
    {
        private const double Goal = 1.02;
        private int all;
        private int needless;

        /// <returns>The fullest volume's replicas over its target.</returns>
        public double Of(List<Member> members, PartitionTable table)
        {
            var worst = PlacementScenarios.MaxOverTarget(members, table);
            if (worst > Goal + 1e-6)
            {
                all++;
                needless += PlacementScenarios.HasRoom(members, Goal) ? 1 : 0;
            }

            return worst;
        }

        public override string ToString() => $"{all} | {needless}";
    }

    private static void Write(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}
