namespace FileSharing.Load;

/// <summary>
/// PUT and GET of chunks through all nodes but the last: first while all are well, then while the last one is a hundred times slower. The slow times count from
/// their first moment, with what it takes to find out. With more than three nodes, some of what a node is asked for lies on others only.
/// </summary>
internal static class SlowNode
{
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(5);

    public static async Task CompareAsync(
        string data,
        int port,
        int nodes,
        ServerProcesses servers,
        Content content,
        TimeSpan duration
    )
    {
        using var target = await Target.OpenAsync(data, port, nodes - 1);
        var well = new Runner(servers, WarmUp, duration);
        var slow = new Runner(servers, TimeSpan.Zero, duration);
        Console.WriteLine(Result.Head);
        foreach (var (name, bytes, concurrency) in new[] { ("4 KiB", 4 << 10, 8), ("1 MiB", 1 << 20, 4) })
        {
            var chunks = new ChunkLoad(target, content, bytes);
            Console.WriteLine(await well.RunAsync($"PUT {name}, all well", concurrency, bytes, chunks.PutAsync));
            Console.WriteLine(await well.RunAsync($"GET {name}, all well", concurrency, bytes, chunks.GetAsync));
            using (new SlowProcess(servers.ProcessOfNode(nodes)))
            {
                Console.WriteLine(await slow.RunAsync($"GET {name}, one slow", concurrency, bytes, chunks.GetAsync));
                Console.WriteLine(await slow.RunAsync($"PUT {name}, one slow", concurrency, bytes, chunks.PutAsync));
            }
        }
    }
}
