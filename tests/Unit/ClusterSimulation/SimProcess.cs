namespace FileSharing.UnitTests.ClusterSimulation;

/// <summary>
/// A process: it lives until it is killed, may be stopped for a while, and has a clock of its own. A dead one goes on with nothing, since nothing that it waits for comes any more.
/// </summary>
internal sealed class SimProcess
{
    private readonly SimLoop loop;
    private readonly Queue<Action> held = new();
    private long stoppedUntil;

    /// <param name="loop">Where it runs.</param>
    /// <param name="clockRate">Its seconds in one of the simulation.</param>
    /// <param name="clockOffset">What its calendar is wrong by.</param>
    public SimProcess(SimLoop loop, double clockRate, TimeSpan clockOffset)
    {
        this.loop = loop;
        Time = new Clock(this, clockRate, clockOffset);
    }

    public TimeProvider Time { get; }

    public bool IsDead { get; private set; }

    public bool IsStopped => loop.Now < stoppedUntil;

    public void Kill() => IsDead = true;

    /// <summary>As SIGSTOP, and SIGCONT after this time: what comes meanwhile waits.</summary>
    public void Stop(TimeSpan length)
    {
        stoppedUntil = Math.Max(stoppedUntil, loop.Now + length.Ticks);
        loop.At(stoppedUntil, Continue);
    }

    public void At(long at, Action action) => loop.At(at, () => Do(action));

    private void Do(Action action)
    {
        if (IsDead)
        {
            return;
        }

        if (IsStopped || held.Count > 0)
        {
            held.Enqueue(action);
        }
        else
        {
            action();
        }
    }

    private void Continue()
    {
        if (IsStopped)
        {
            return;
        }

        while (!IsDead && held.TryDequeue(out var action))
        {
            action();
        }
    }

    private sealed class Clock(SimProcess process, double rate, TimeSpan offset) : TimeProvider
    {
        private static readonly DateTimeOffset Beginning = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => (long)(process.loop.Now * rate);

        public override DateTimeOffset GetUtcNow() => Beginning + TimeSpan.FromTicks(GetTimestamp()) + offset;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = new Timer(this, callback, state);
            timer.Change(dueTime, period);
            return timer;
        }

        private sealed class Timer(Clock clock, TimerCallback callback, object? state) : ITimer
        {
            private int changes;

            public bool Change(TimeSpan dueTime, TimeSpan period)
            {
                changes++;
                if (dueTime != Timeout.InfiniteTimeSpan)
                {
                    Arm(dueTime, period, changes);
                }

                return true;
            }

            private void Arm(TimeSpan due, TimeSpan period, int setBy) =>
                clock.Process.At(
                    clock.Process.loop.Now + (long)Math.Ceiling(due.Ticks / clock.Rate),
                    () =>
                    {
                        if (changes == setBy)
                        {
                            if (period > TimeSpan.Zero)
                            {
                                Arm(period, period, setBy);
                            }

                            callback(state);
                        }
                    }
                );

            public void Dispose() => changes++;

            public ValueTask DisposeAsync()
            {
                Dispose();
                return ValueTask.CompletedTask;
            }
        }

        private SimProcess Process => process;

        private double Rate => rate;
    }
}
