using System.Diagnostics;
using System.Text.Json;

namespace FileSharing.ClusterTests.Network;

/// <summary>What <c>/health/cluster</c> says.</summary>
internal sealed class ClusterHealth(HttpClient http, Uri api)
{
    /// <summary>Waits until evidence that is newer than this call says: everything has its three copies, no copy is damaged or still owed, nobody is away.</summary>
    /// <param name="nodes">So many there are.</param>
    /// <param name="limit">A test fails that waited longer.</param>
    /// <returns>How long it took.</returns>
    public async Task<TimeSpan> WholeAsync(int nodes, TimeSpan limit)
    {
        var clock = Stopwatch.StartNew();
        var last = await AskAsync();
        while (!IsWhole(last, nodes, clock.Elapsed))
        {
            Assert.True(clock.Elapsed < limit, $"Not whole again within {limit.TotalSeconds} s: {last}");
            await Task.Delay(250);
            last = await AskAsync();
        }

        return clock.Elapsed;
    }

    private async Task<JsonElement> AskAsync()
    {
        using var reply = await http.GetAsync(new Uri(api, "/health/cluster"));
        return JsonDocument.Parse(await reply.Content.ReadAsStringAsync()).RootElement;
    }

    private static bool IsWhole(JsonElement health, int nodes, TimeSpan elapsed) =>
        health.GetProperty("status").GetString() == "healthy"
        && health.GetProperty("evidence_age_seconds").GetDouble() < elapsed.TotalSeconds
        && health.GetProperty("repair_queue").GetInt64() == 0
        && health.GetProperty("damaged").GetInt64() == 0
        && health.GetProperty("volumes_away").GetInt32() == 0
        && health.GetProperty("nodes_reachable").GetInt32() == nodes;
}
