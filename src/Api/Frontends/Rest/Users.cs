using FileSharing.Api.Auth;
using FileSharing.Metadata;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace FileSharing.Api.Frontends.Rest;

/// <summary>POST /users, GET /users/me, GET /admin/users</summary>
internal static class Users
{
    public static async Task<Created<UserReply>> CreateAsync(
        NewUserRequest request,
        HttpContext context,
        Accounts accounts
    )
    {
        if (request is not { Email: { } email, Password: { } password })
        {
            throw new ApiException(ApiError.InvalidRequest, "email, name and password are needed.");
        }

        var user = await accounts.CreateAsync(
            email,
            request.Name ?? email,
            password,
            isAdministrator: false,
            context.RequestAborted
        );
        return TypedResults.Created((string?)null, Messages.Of(user));
    }

    public static UserReply Me(HttpContext context) => Messages.Of(context.User());

    public static async Task<UserPage> ListAsync(string? cursor, int? limit, HttpContext context, Accounts accounts)
    {
        var size = Paging.Limit(limit);
        var rows = await accounts.ListAsync(Paging.KeyOfId(cursor), size + 1, context.RequestAborted);
        var (items, next) = Paging.Page(rows, size, u => u.UserId.ToString());
        return new UserPage([.. items.Select(Messages.Of)], next);
    }
}
