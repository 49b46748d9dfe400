using FileSharing.Client;
using Xunit;

namespace FileSharing.UnitTests.Client;

public sealed class NodeRoundTests
{
    private static readonly Uri[] Urls = [new("http://a/1"), new("http://b/1"), new("http://c/1")];

    private readonly SettableTime time = new(DateTimeOffset.UnixEpoch);
    private readonly List<(string Node, Patience Patience)> asked = [];

    private IEnumerable<string> Nodes => asked.Select(turn => turn.Node);

    [Fact]
    public async Task A_node_that_gave_no_answer_is_asked_last_until_it_answers_or_half_a_minute_has_passed()
    {
        var round = new NodeRound(time);
        await AskAsync(round, silent: ["a"]);
        await AskAsync(round, silent: []);
        Assert.Equal(["a", "b", "b"], Nodes);

        asked.Clear();
        time.Now += NodeRound.FailureMemory;
        await AskAsync(round, silent: ["a"]);
        await AskAsync(round, silent: ["b", "c"]);
        await AskAsync(round, silent: ["b", "c"]);
        Assert.Equal(["a", "b", "b", "c", "a", "a"], Nodes);
    }

    [Fact]
    public async Task Only_the_last_who_can_be_asked_gets_all_the_time()
    {
        var refusals = await AskAsync(new NodeRound(time), silent: ["a", "b", "c"]);

        Assert.Equal([Patience.BriefGet, Patience.BriefGet, Patience.Full], asked.Select(turn => turn.Patience));
        Assert.Equal(3, refusals!.Count);
    }

    [Fact]
    public async Task A_node_that_refuses_keeps_its_place()
    {
        var round = new NodeRound(time);
        await round.AskAsync(Urls, Patience.BriefGet, (url, _) => AnswerAsync(url, ErrorTypes.DamagedBytes, ["a"]));
        await AskAsync(round, silent: []);

        Assert.Equal(["a", "b", "a"], Nodes);
    }

    private async Task<IReadOnlyList<FileShareException>?> AskAsync(NodeRound round, string[] silent) =>
        await round.AskAsync(
            Urls,
            Patience.BriefGet,
            (url, patience) =>
            {
                asked.Add((url.Host, patience));
                return ThrowIfAsync(silent.Contains(url.Host), ErrorTypes.Unreachable);
            }
        );

    private Task AnswerAsync(Uri url, string error, string[] failing)
    {
        asked.Add((url.Host, Patience.BriefGet));
        return ThrowIfAsync(failing.Contains(url.Host), error);
    }

    private static Task ThrowIfAsync(bool throws, string error) =>
        throws ? Task.FromException(new FileShareException(error, "It is so.")) : Task.CompletedTask;
}
