using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.NoEmit;
using FileSharing.Micro;

if (args is ["placement"])
{
    PlacementFigures.Print();
    return;
}

// In this process: the runner of the library would restore packages of its own. Not emitted code either: that does not run an asynchronous setup.
var job = Job.ShortRun.WithToolchain(InProcessNoEmitToolchain.Instance);
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args, DefaultConfig.Instance.AddJob(job));
