using FileSharing.Metadata;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace FileSharing.Api.Auth;

/// <summary>Who may call an endpoint. One without this metadata needs a login: forgetting it denies.</summary>
internal enum Caller
{
    /// <summary>No login needed; a valid token is still recognised.</summary>
    Anyone,

    /// <summary>Only administrators.</summary>
    Administrator,
}

/// <summary>Resolves the bearer token before anything of the request is read, and refuses by default.</summary>
internal sealed class Authentication(RequestDelegate next, LoginTokens tokens)
{
    private const string Scheme = "Bearer ";

    public async Task InvokeAsync(HttpContext context)
    {
        if (context.GetEndpoint() is not { } endpoint)
        {
            await next(context);
            return;
        }

        var caller = endpoint.Metadata.GetMetadata<CallerMetadata>()?.Caller;
        var header = context.Request.Headers.Authorization.ToString();
        var principal = header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            ? await ResolveAsync(header[Scheme.Length..].Trim(), context.RequestAborted)
            : null;
        if (principal is null && caller != Caller.Anyone)
        {
            throw new ApiException(
                ApiError.LoginRequired,
                "Log in at POST /auth/login and send the token as 'Authorization: Bearer TOKEN'."
            );
        }

        if (caller == Caller.Administrator && principal is not null)
        {
            RequireAdministrator(principal);
        }

        context.Features.Set(principal);
        await next(context);
    }

    private async Task<Principal?> ResolveAsync(string token, CancellationToken ct) =>
        await tokens.ResolveAsync(token, ct) is { } user ? new Principal(user, Scope.Full) : null;

    private static void RequireAdministrator(Principal principal)
    {
        if (!principal.User.IsAdministrator)
        {
            throw new ApiException(ApiError.Forbidden, "This call is for administrators.");
        }

        Authorization.RequireScope(principal, Verb.Share);
    }
}

internal sealed record CallerMetadata(Caller Caller);

internal static class AuthenticationExtensions
{
    public static TBuilder For<TBuilder>(this TBuilder builder, Caller caller)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new CallerMetadata(caller));

    /// <summary>Who asks. Only for endpoints that need a login.</summary>
    public static Principal Principal(this HttpContext context) =>
        context.Features.Get<Principal>() ?? throw new ApiException(ApiError.LoginRequired, "This call needs a login.");

    /// <summary>Who is logged in. Only for endpoints that need a login.</summary>
    public static User User(this HttpContext context) => context.Principal().User;
}
