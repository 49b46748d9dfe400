namespace FileSharing.ClusterTests.Engine;

/// <summary>Faults that strace puts into the system calls of a process.</summary>
internal static class Injection
{
    /// <summary>
    /// The calls at which something becomes durable, is named or goes away, and how many of them one thread makes in the life of a node under the load of these tests: strace counts
    /// by thread.
    /// </summary>
    private static readonly (string Calls, int Most)[] Steps =
    [
        ("pwrite64", 120),
        ("fdatasync", 120),
        ("fsync", 12),
        ("rename,renameat,renameat2", 5),
        ("unlink,unlinkat", 5),
        ("fallocate", 5),
        ("ftruncate", 5),
    ];

    /// <summary>Death by SIGKILL at the N-th of some kind of call, before it takes effect.</summary>
    public static IReadOnlyList<string> KillAt(Random random)
    {
        var (calls, most) = Steps[random.Next(Steps.Length)];
        return
        [
            "-o",
            "/dev/null",
            "-e",
            $"trace={calls}",
            "-e",
            $"inject={calls}:signal=KILL:when={1 + random.Next(most)}",
        ];
    }

    /// <summary>One failed call of a thread, and success ever after; these calls are logged.</summary>
    public static IReadOnlyList<string> FailOnce(string call, string error, int when, string logged, string log) =>
        [.. None(logged, log), "-e", $"inject={call}:error={error}:when={when}"];

    /// <summary>Nothing but the log, for <see cref="StraceLog"/>. What is not logged is not slowed down; with a signal to inject that does not work.</summary>
    public static IReadOnlyList<string> None(string logged, string log) =>
        ["--seccomp-bpf", "-yy", "-s", "0", "-o", log, "-e", $"trace={logged}"];
}
