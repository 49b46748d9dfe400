using System.Text.Json;

namespace FileSharing.UnitTests.Api;

public sealed class EncryptionTests(RunningApi api) : IClassFixture<RunningApi>
{
    private const string Path = "/admin/encryption";

    [Fact]
    public async Task A_rotation_makes_one_key_however_often_the_call_is_repeated_and_puts_it_in_use()
    {
        var before = (await StatusAsync()).GetProperty("active_key").GetInt32();

        var first = await RotateAsync("repeated");
        var again = await RotateAsync("repeated");

        Assert.Equal(201, first.Status);
        Assert.Equal(
            (before + 1, "pending"),
            (first.Body.GetProperty("key_id").GetInt32(), first.Body.GetProperty("state").GetString())
        );
        Assert.Equal(first.Body.GetRawText(), again.Body.GetRawText());
        await UntilActiveAsync(before + 1);
        var states = (await StatusAsync())
            .GetProperty("keys")
            .EnumerateArray()
            .Select(key => key.GetProperty("state").GetString()!)
            .ToList();
        Assert.Equal(before + 1, states.Count);
        Assert.Equal("active", states[^1]);
        Assert.All(states[..^1], state => Assert.Equal("old", state));
    }

    [Fact]
    public async Task Keys_are_for_administrators()
    {
        Assert.Equal(403, (await api.CallAsync(HttpMethod.Get, Path, api.AliceToken)).Status);
        Assert.Equal(403, (await api.CallAsync(HttpMethod.Post, Path + "/rotate", api.AliceToken)).Status);
        Assert.Equal(401, (await api.CallAsync(HttpMethod.Post, Path + "/rotate", null)).Status);
    }

    [Fact]
    public async Task No_answer_holds_key_material()
    {
        var answer = (await StatusAsync()).GetRawText();

        Assert.DoesNotContain("wrapped", answer, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("secret", answer, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Both_calls_are_described_with_their_answers()
    {
        var (_, document) = await api.CallAsync(HttpMethod.Get, "/openapi/v1.json", null);
        var paths = document.GetProperty("paths");

        Assert.True(paths.GetProperty(Path).GetProperty("get").GetProperty("responses").TryGetProperty("200", out _));
        Assert.True(
            paths
                .GetProperty(Path + "/rotate")
                .GetProperty("post")
                .GetProperty("responses")
                .TryGetProperty("201", out _)
        );
    }

    private Task<(int Status, JsonElement Body)> RotateAsync(string idempotencyKey) =>
        api.CallAsync(HttpMethod.Post, Path + "/rotate", api.AdminToken, null, idempotencyKey);

    private async Task<JsonElement> StatusAsync() => (await api.CallAsync(HttpMethod.Get, Path, api.AdminToken)).Body;

    private async Task UntilActiveAsync(int key)
    {
        for (var i = 0; i < 200; i++)
        {
            if ((await StatusAsync()).GetProperty("active_key").GetInt32() == key)
            {
                return;
            }

            await Task.Delay(50);
        }

        Assert.Fail($"Data key {key} is not in use within 10 s.");
    }
}
