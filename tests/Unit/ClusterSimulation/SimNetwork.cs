namespace FileSharing.UnitTests.ClusterSimulation;

/// <summary>A process that can be called.</summary>
internal interface ISimServer
{
    SimProcess Process { get; }

    /// <summary>Travels with every call and every answer.</summary>
    long MapVersion { get; }

    void Saw(long mapVersion);
}

/// <summary>Calls between hosts: they take time, overtake one another, come twice or not at all, and so do their answers. A link can be cut in one direction.</summary>
internal sealed class SimNetwork(SimLoop loop, Random random, EventLog log)
{
    /// <summary>For an answer that does not come.</summary>
    public static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(5);

    private readonly Dictionary<int, ISimServer> servers = [];
    private readonly HashSet<(int From, int To)> cut = [];

    /// <summary>Share of messages that are lost.</summary>
    public double LossRate { get; set; }

    /// <summary>Share of calls that arrive twice.</summary>
    public double DuplicateRate { get; set; }

    /// <summary>How much longer than usual everything takes.</summary>
    public double Slowness { get; set; } = 1;

    public void Cut(int from, int to) => cut.Add((from, to));

    public void Mend(int from, int to) => cut.Remove((from, to));

    public void MendAll()
    {
        cut.Clear();
        (LossRate, DuplicateRate, Slowness) = (0, 0, 1);
    }

    public bool Connects(int one, int other) => !cut.Contains((one, other)) && !cut.Contains((other, one));

    public void Listen(int host, ISimServer server) => servers[host] = server;

    public void Close(int host) => servers.Remove(host);

    /// <param name="caller">Null for a client.</param>
    /// <param name="callers">Its process: the answer comes to nobody when it is dead by then.</param>
    /// <param name="from">Its host.</param>
    /// <param name="to">The host that is called.</param>
    /// <param name="what">For the log.</param>
    /// <param name="serve">What the process on that host does. May be done twice.</param>
    /// <exception cref="HttpRequestException">Nobody is there, or no answer came in time.</exception>
    public Task<TAnswer> CallAsync<TServer, TAnswer>(
        ISimServer? caller,
        SimProcess callers,
        int from,
        int to,
        string what,
        Func<TServer, Task<TAnswer>> serve
    )
        where TServer : class, ISimServer
    {
        var answer = new TaskCompletionSource<TAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        callers.At(
            loop.Now + CallTimeout.Ticks,
            () => answer.TrySetException(new HttpRequestException($"{what}: no answer"))
        );
        var times = random.NextDouble() < DuplicateRate ? 2 : 1;
        for (var time = 0; time < times; time++)
        {
            if (random.NextDouble() >= LossRate)
            {
                loop.At(loop.Now + Delay(), () => Arrive(caller, callers, from, to, what, serve, answer));
            }
        }

        return answer.Task;
    }

    private void Arrive<TServer, TAnswer>(
        ISimServer? caller,
        SimProcess callers,
        int from,
        int to,
        string what,
        Func<TServer, Task<TAnswer>> serve,
        TaskCompletionSource<TAnswer> answer
    )
        where TServer : class, ISimServer
    {
        if (cut.Contains((from, to)))
        {
            return;
        }

        if (!servers.TryGetValue(to, out var server))
        {
            Answer(callers, from, to, what, () => answer.TrySetException(new HttpRequestException($"{what}: refused")));
            return;
        }

        server.Process.At(
            loop.Now,
            () =>
            {
                log.Add(loop.Now, what, from, to);
                server.Saw(caller?.MapVersion ?? 0);
                loop.Begin(ServeAsync);
            }
        );

        async Task ServeAsync()
        {
            try
            {
                var result = await serve((TServer)server);
                var version = server.MapVersion;
                Answer(
                    callers,
                    from,
                    to,
                    what,
                    () =>
                    {
                        caller?.Saw(version);
                        answer.TrySetResult(result);
                    }
                );
            }
            catch (Exception error) when (error is IOException or HttpRequestException)
            {
                Answer(callers, from, to, what, () => answer.TrySetException(new HttpRequestException(error.Message)));
            }
        }
    }

    private void Answer(SimProcess callers, int from, int to, string what, Action deliver)
    {
        if (random.NextDouble() < LossRate)
        {
            return;
        }

        loop.At(
            loop.Now + Delay(),
            () =>
            {
                if (!cut.Contains((to, from)))
                {
                    log.Add(loop.Now, what, to, from);
                    callers.At(loop.Now, deliver);
                }
            }
        );
    }

    /// <summary>Mostly a millisecond, now and then as long as a garbage collection or a retransmission takes.</summary>
    private long Delay()
    {
        var milliseconds = -Math.Log(1 - random.NextDouble()) * (random.Next(50) == 0 ? 200 : 1);
        return (long)(milliseconds * Slowness * TimeSpan.TicksPerMillisecond) + 1;
    }
}
