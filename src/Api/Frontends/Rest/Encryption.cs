using FileSharing.Api.Placement;
using FileSharing.Chunks.Keys;
using FileSharing.Metadata;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace FileSharing.Api.Frontends.Rest;

/// <summary>GET /admin/encryption, POST /admin/encryption/rotate</summary>
internal static class Encryption
{
    public static async Task<EncryptionReply> GetAsync(HttpContext context, DataKeyStore store, NodeStates nodes)
    {
        var ct = context.RequestAborted;
        var keys = await store.ReadAsync(ct);
        var answers = await nodes.AnswersAsync(ct);
        var records = answers
            .SelectMany(a => a.Status?.Volumes ?? [])
            .SelectMany(v => v.RecordsByKey)
            .GroupBy(pair => pair.Key, pair => pair.Value)
            .ToDictionary(group => group.Key, group => group.Sum());
        return new EncryptionReply(
            keys.Active != 0,
            keys.Active,
            [.. keys.Keys.Select(key => Message(key, keys.Active, records.GetValueOrDefault(key.Id)))],
            keys.Active == 0 ? 0 : records.Where(pair => pair.Key < keys.Active).Sum(pair => pair.Value),
            records.GetValueOrDefault(0u),
            keys.Pending is { } pending ? [.. KeyRotation.WaitingFor(answers, pending.Id).Select(n => n.Name)] : [],
            [.. answers.SelectMany(NotCounted)]
        );
    }

    public static async Task<Created<DataKeyMessage>> RotateAsync(HttpContext context, KeyRotation rotation)
    {
        var made = await rotation.RotateAsync(context.RequestAborted);
        return TypedResults.Created((string?)null, Message(made, active: 0, records: 0));
    }

    /// <summary>The node when it did not answer, else those of its volumes that it cannot read now.</summary>
    private static IEnumerable<string> NotCounted(NodeAnswer answer) =>
        answer.Status is { } status
            ? status.Volumes.Where(v => v.IsAway).Select(v => VolumeName.Of(answer.Node, v.Number))
            : [answer.Node.Name];

    private static DataKeyMessage Message(WrappedKey key, uint active, long records) =>
        new(
            key.Id,
            key.Created,
            key.Id.CompareTo(active) switch
            {
                > 0 => "pending",
                0 => "active",
                _ => "old",
            },
            records
        );
}
