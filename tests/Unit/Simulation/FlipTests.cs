using System.Diagnostics;

namespace FileSharing.UnitTests.Simulation;

/// <summary>
/// The disk returns something else than was written, once, anywhere. Then no wrong byte is delivered, nothing but documented errors is thrown, and nothing is
/// lost that does not lie at that place.
/// </summary>
[Trait(Soak.Trait, Soak.Engine)]
public sealed class FlipTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Damage_of_any_structure_is_noticed_and_stays_where_it_is(bool isClosed)
    {
        var seed = Soak.Seed();
        var began = Stopwatch.GetTimestamp();
        var random = new Random(seed);
        var (disk, present) = await FlipVolume.MakeAsync(isClosed, new Random(seed));
        var all = Place.AllOf(disk);
        var last = all.Last(place => place.Structure == Structure.BatchHeader);
        var places = all.ToLookup(place => place.Structure);
        var structures = Enum.GetValues<Structure>().Where(structure => places[structure].Any()).ToList();
        var noticed = structures.ToDictionary(structure => structure, _ => (Flips: 0, Noticed: 0));
        for (var flips = 0; flips < Soak.Count(1_000, 520_000); )
        {
            var structure = structures[random.Next(structures.Count)];
            var choices = places[structure].ToList();
            var place = choices[random.Next(choices.Count)];
            var kind = (FlipKind)random.Next(Enum.GetValues<FlipKind>().Length);
            if (Flip.Of(disk, place, kind, random) is not { } damaged)
            {
                continue;
            }

            var (isNoticed, wrong) = await FlipVolume.LookAsync(
                damaged,
                present,
                place,
                kind == FlipKind.SwappedBlock ? 2 : 1,
                kind == FlipKind.SwappedBlock || (place.Path == last.Path && place.Offset >= last.Offset),
                random
            );
            Assert.True(
                wrong.Count == 0,
                $"flip {flips} of seed {seed}, closed {isClosed}: {kind} in {place}: {string.Join("; ", wrong)}"
            );
            var (count, before) = noticed[structure];
            noticed[structure] = (count + 1, before + (isNoticed ? 1 : 0));
            flips++;
        }

        var seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        var total = noticed.Values.Sum(count => count.Flips);
        Soak.Report(
            $"flips, volume {(isClosed ? "closed" : "cut off")}: {total:N0} in {seconds:N0} s ({total / seconds:N0}/s), no wrong byte, seed {seed}; noticed at once: "
                + string.Join(
                    ", ",
                    noticed.Select(count => $"{count.Key} {100.0 * count.Value.Noticed / count.Value.Flips:F1} %")
                )
        );
    }
}
