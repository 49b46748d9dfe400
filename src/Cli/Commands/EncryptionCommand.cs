using System.CommandLine;
using System.Globalization;
using FileSharing.Cli.Terminal;
using FileSharing.Client;

namespace FileSharing.Cli.Commands;

/// <summary><c>admin encryption</c>: the keys that encrypt what is stored.</summary>
internal static class EncryptionCommand
{
    /// <summary>Nodes store a key within seconds; one that cannot be reached is waited for ten.</summary>
    private static readonly TimeSpan ActiveWithin = TimeSpan.FromSeconds(60);

    private const string StillPending = "urn:fileshare:error:rotation-under-way";

    private static readonly TimeSpan AskEvery = TimeSpan.FromMilliseconds(500);

    public static Command Create(CommandRunner runner) =>
        new("encryption", "Manage the keys that encrypt what is stored.")
        {
            CreateStatus(runner),
            CreateRotate(runner),
        };

    private static Command CreateStatus(CommandRunner runner)
    {
        var command = new Command("status", "Show the data keys and how many records lie under each.");
        command.SetAction(
            runner.Run(
                async (_, session, stop) =>
                {
                    Show(session.Output, await session.Client.GetEncryptionAsync(stop));
                    return ExitCode.Ok;
                }
            )
        );
        return command;
    }

    private static Command CreateRotate(CommandRunner runner)
    {
        var command = new Command(
            "rotate",
            "Make a new data key; new records are sealed with it, old ones are rewritten bit by bit. Returns when it is in use."
        );
        command.SetAction(
            runner.Run(
                async (_, session, stop) =>
                {
                    var made = await session.Client.RotateDataKeyAsync(stop);
                    var status = await UntilActiveAsync(session, made.KeyId, stop);
                    Show(session.Output, status);
                    if (status.ActiveKey >= made.KeyId)
                    {
                        session.Output.Remark($"Data key {made.KeyId} seals new records.");
                        return ExitCode.Ok;
                    }

                    session.Output.Problem(
                        StillPending,
                        $"data key {made.KeyId} is made and not in use yet; it will be when node {string.Join(", ", status.WaitingFor)} has stored it, see 'fileshare admin encryption status'."
                    );
                    return ExitCode.Failed;
                }
            )
        );
        return command;
    }

    private static async Task<EncryptionStatus> UntilActiveAsync(Session session, uint key, CancellationToken stop)
    {
        var time = session.Host.TimeProvider;
        var started = time.GetTimestamp();
        while (true)
        {
            var status = await session.Client.GetEncryptionAsync(stop);
            if (status.ActiveKey >= key || time.GetElapsedTime(started) > ActiveWithin)
            {
                return status;
            }

            await Task.Delay(AskEvery, time, stop);
        }
    }

    private static void Show(Output output, EncryptionStatus status) =>
        output.Result(status, CliJson.Default.EncryptionStatus, () => Print(output, status));

    private static void Print(Output output, EncryptionStatus status)
    {
        if (!status.IsEncrypted)
        {
            output.Line("Nothing is encrypted: the cluster was made with EncryptData=false.");
            return;
        }

        string[][] rows =
        [
            ["KEY", "CREATED", "STATE", "RECORDS"],
            .. status.Keys.Select(Row),
        ];
        foreach (var line in Columns.Align(rows, rightAligned: [0, 3]))
        {
            output.Line(line);
        }

        output.Line($"{status.OldRecords} records lie under old keys.");
        if (status.UnencryptedRecords > 0)
        {
            output.Line($"{status.UnencryptedRecords} of them are not encrypted.");
        }

        SayNodes(output, "Waiting for these nodes to store the pending key", status.WaitingFor);
        SayNodes(
            output,
            "Not counted, because these nodes do not answer or these volumes are not open",
            status.NotCounted
        );
    }

    private static string[] Row(DataKeyStatus key) =>
        [
            key.KeyId.ToString(CultureInfo.InvariantCulture),
            key.CreatedAt.UtcDateTime.ToString("u", CultureInfo.InvariantCulture),
            key.State,
            key.Records.ToString(CultureInfo.InvariantCulture),
        ];

    private static void SayNodes(Output output, string what, IReadOnlyList<string> nodes)
    {
        if (nodes.Count > 0)
        {
            output.Line($"{what}: {string.Join(", ", nodes)}");
        }
    }
}
