using FileSharing.Client;
using Spectre.Console;

namespace FileSharing.Cli.Terminal;

/// <summary>One bar on standard error for all files of a command.</summary>
internal static class ProgressBar
{
    private static readonly TimeSpan Refresh = TimeSpan.FromMilliseconds(100);

    /// <summary>Runs the transfer, with the bar when the session shows progress.</summary>
    /// <param name="things">What is counted besides bytes.</param>
    public static async Task<T> RunAsync<T>(
        Session session,
        Func<IProgress<TransferProgress>?, Task<T>> transfer,
        string things = "files"
    )
    {
        if (!session.ShowsProgress)
        {
            return await transfer(null);
        }

        var latest = new LatestProgress();
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(session.Host.Error) });
        return await console
            .Progress()
            .AutoClear(true)
            .Columns(
                new TaskDescriptionColumn(),
                new ProgressBarColumn(),
                new PercentageColumn(),
                new DownloadedColumn(),
                new TransferSpeedColumn(),
                new RemainingTimeColumn()
            )
            .StartAsync(async bars =>
            {
                var bar = bars.AddTask(things, maxValue: 1);
                var running = transfer(latest);
                while (await Task.WhenAny(running, Task.Delay(Refresh, session.Host.TimeProvider)) != running)
                {
                    Show(bar, latest.Value, things);
                }

                Show(bar, latest.Value, things);
                return await running;
            });
    }

    private static void Show(ProgressTask bar, TransferProgress progress, string things)
    {
        bar.Description = $"{progress.FilesDone}/{progress.FilesTotal} {things}";
        bar.MaxValue = Math.Max(1, progress.BytesTotal);
        bar.Value = progress.BytesDone;
    }

    /// <summary>Keeps the newest report; the bar looks at it when it redraws.</summary>
    private sealed class LatestProgress : IProgress<TransferProgress>
    {
        private readonly Lock gate = new();
        private TransferProgress newest;

        public TransferProgress Value
        {
            get
            {
                lock (gate)
                {
                    return newest;
                }
            }
        }

        void IProgress<TransferProgress>.Report(TransferProgress value)
        {
            lock (gate)
            {
                newest = value;
            }
        }
    }
}
