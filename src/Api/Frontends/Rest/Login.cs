using FileSharing.Api.Auth;
using FileSharing.Metadata;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace FileSharing.Api.Frontends.Rest;

/// <summary>POST /auth/login</summary>
internal static class Login
{
    public static async Task<LoginReply> HandleAsync(
        LoginRequest request,
        HttpContext context,
        Accounts accounts,
        LoginTokens tokens,
        LoginThrottle throttle,
        ApiSettings settings,
        ILogger<LoginReply> log
    )
    {
        if (
            request is not { Email: { } email, Password: { } password }
            || password.Length > PasswordHash.PasswordBytesMax
        )
        {
            throw new ApiException(ApiError.InvalidRequest, "email and password are needed.");
        }

        var address = context.Connection.RemoteIpAddress?.ToString() ?? "";
        if (throttle.Wait(email, address) is { } wait)
        {
            log.LoginThrottled(email, address);
            throw new ApiException(ApiError.TooManyRequests, "Too many failed logins. Wait a minute.")
            {
                RetryAfter = wait,
            };
        }

        if (await accounts.VerifyAsync(email, password, context.RequestAborted) is not { } user)
        {
            throttle.Failed(email, address);
            throw new ApiException(ApiError.LoginRefused, "No account has this e-mail address and password.");
        }

        throttle.Succeeded(email, address);
        var (token, expires) = await tokens.CreateAsync(user.UserId, settings.LoginLifetime, context.RequestAborted);
        return new LoginReply(token, expires);
    }
}
