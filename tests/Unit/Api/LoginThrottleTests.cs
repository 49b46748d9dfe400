using FileSharing.Api.Auth;

namespace FileSharing.UnitTests.Api;

public sealed class LoginThrottleTests
{
    private readonly SettableTime time = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    [Fact]
    public void Ten_failures_close_the_account_to_that_address_for_a_minute()
    {
        var throttle = new LoginThrottle(time);
        for (var i = 0; i < LoginThrottle.FailuresMax; i++)
        {
            Assert.Null(throttle.Wait("a@x.org", "10.0.0.1"));
            throttle.Failed("A@x.org", "10.0.0.1");
        }

        Assert.Equal(LoginThrottle.Window, throttle.Wait("a@x.org", "10.0.0.1"));
        Assert.Null(throttle.Wait("a@x.org", "10.0.0.2"));
        Assert.Null(throttle.Wait("b@x.org", "10.0.0.1"));

        time.Now += LoginThrottle.Window;
        Assert.Null(throttle.Wait("a@x.org", "10.0.0.1"));
    }

    [Fact]
    public void Success_forgets_the_failures()
    {
        var throttle = new LoginThrottle(time);
        for (var i = 0; i < LoginThrottle.FailuresMax; i++)
        {
            throttle.Failed("a@x.org", "10.0.0.1");
        }

        throttle.Succeeded("a@x.org", "10.0.0.1");
        Assert.Null(throttle.Wait("a@x.org", "10.0.0.1"));
    }
}
