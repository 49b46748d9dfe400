using FileSharing.Api.Auth;
using FileSharing.Cluster.Wire;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace FileSharing.Api.Frontends.Rest;

/// <summary>Every address of the REST interface. One without <c>For</c> needs a login.</summary>
internal static class RestRoutes
{
    public const string LoginPolicy = "login";

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes
            .MapPost("/auth/login", Login.HandleAsync)
            .For(Caller.Anyone)
            .RequireRateLimiting(LoginPolicy)
            .Named("Log in", "Accounts");
        routes
            .MapPost("/users", Users.CreateAsync)
            .For(Caller.Administrator)
            .Creating()
            .Named("Create a user", "Accounts");
        routes.MapGet("/users/me", Users.Me).Named("Who is logged in", "Accounts");

        routes.MapPost("/files/upload", UploadOpen.HandleAsync).Creating().Named("Open an upload", "Uploads");
        routes
            .MapPost("/files/upload/{upload_id:guid}/chunks", UploadParts.ListAsync)
            .Creating()
            .Named("List more chunks of an upload", "Uploads");
        routes
            .MapGet("/files/upload/{upload_id:guid}", UploadParts.GetAsync)
            .Named("The state of an upload, with fresh URLs", "Uploads");
        routes
            .MapPost("/files/upload/{upload_id:guid}/complete", UploadComplete.HandleAsync)
            .Named("Make the upload a version", "Uploads");
        routes.MapDelete("/files/upload/{upload_id:guid}", UploadParts.AbortAsync).Named("Abort an upload", "Uploads");

        routes.MapGet("/files/download/{file_id}", Download.HandleAsync).Named("URLs to download a file", "Files");
        routes.MapGet("/files/metadata/{file_id}", ReadMetadata.ByIdAsync).Named("Describe a file or folder", "Files");
        routes.MapGet("/files/by-path", ReadMetadata.ByPathAsync).Named("Describe what is at a path", "Files");
        routes.MapPatch("/files/{file_id}", Folders.MoveAsync).Named("Rename or move", "Files");
        routes.MapDelete("/files/{file_id}", Folders.DeleteAsync).Named("Put into the trash", "Files");
        routes.MapPost("/folders", Folders.CreateAsync).Creating().Named("Create a folder", "Files");
        routes.MapGet("/folders/{folder_id}/children", Folders.ChildrenAsync).Named("List a folder", "Files");

        routes.MapPost("/files/share", Sharing.ShareAsync).Creating().Named("Share with a user", "Shares");
        routes.MapGet("/files/shared-with-me", Sharing.WithMeAsync).Named("What others shared with me", "Shares");
        routes.MapGet("/files/{file_id}/shares", Sharing.ListAsync).Named("Who has a share", "Shares");
        routes.MapDelete("/shares/{share_id:guid}", Sharing.UnshareAsync).Named("End a share", "Shares");

        routes.MapGet("/admin/users", Users.ListAsync).For(Caller.Administrator).Named("List users", "Administration");
        routes
            .MapGet("/admin/status", ClusterStatus.GetAsync)
            .For(Caller.Administrator)
            .Named("What is stored, and how well", "Administration");
        routes
            .MapPost("/admin/scrub", Scrub.StartAsync)
            .For(Caller.Administrator)
            .Named("Read and check everything that is stored, now", "Administration");
        routes
            .MapGet("/admin/scrub", Scrub.GetAsync)
            .For(Caller.Administrator)
            .Named("How far the scrubs are", "Administration");
        routes
            .MapPost("/admin/nodes/tokens", ClusterStatus.CreateTokenAsync)
            .For(Caller.Administrator)
            .Named("A token for one node to join", "Administration");
        routes
            .MapGet("/admin/encryption", Encryption.GetAsync)
            .For(Caller.Administrator)
            .Named("The data keys, and what lies under each", "Administration");
        routes
            .MapPost("/admin/encryption/rotate", Encryption.RotateAsync)
            .For(Caller.Administrator)
            .Creating()
            .Named("Make a new data key for new records", "Administration");

        routes
            .MapGet("/admin/layout", LayoutAdmin.GetAsync)
            .For(Caller.Administrator)
            .Named("Which volumes hold how much, and what moves", "Administration");
        routes
            .MapPost("/admin/layout/changes", LayoutAdmin.ChangeAsync)
            .For(Caller.Administrator)
            .Creating()
            .Named("Stage a change of the layout", "Administration");
        routes
            .MapPost("/admin/layout/plan", LayoutAdmin.PlanAsync)
            .For(Caller.Administrator)
            .Named("What would move if the staged changes were applied", "Administration");
        routes
            .MapPost("/admin/layout/apply", LayoutAdmin.ApplyAsync)
            .For(Caller.Administrator)
            .Creating()
            .Named("Apply the staged changes", "Administration");
        routes
            .MapPost("/admin/layout/revert", LayoutAdmin.RevertAsync)
            .For(Caller.Administrator)
            .Creating()
            .Named("Throw staged changes away, or go back to the layout before", "Administration");
        routes
            .MapGet("/admin/layout/losses", LossAdmin.GetAsync)
            .For(Caller.Administrator)
            .Named("What is lost, or would be if these volumes never came back", "Administration");
        routes
            .MapPost("/admin/layout/accept-loss", LossAdmin.AcceptAsync)
            .For(Caller.Administrator)
            .Creating()
            .Named("Give up volumes that never come back", "Administration");
        routes
            .MapGet("/admin/repair/budget", LayoutAdmin.GetBudgetAsync)
            .For(Caller.Administrator)
            .Named("What moves and repair may fetch a second", "Administration");
        routes
            .MapPut("/admin/repair/budget", LayoutAdmin.SetBudgetAsync)
            .For(Caller.Administrator)
            .Named("Change what moves and repair may fetch a second", "Administration");

        routes
            .MapGet("/health/live", Health.Live)
            .For(Caller.Anyone)
            .DisableRateLimiting()
            .Named("The process runs", "Health");
        routes
            .MapGet("/health/ready", Health.ReadyAsync)
            .For(Caller.Anyone)
            .DisableRateLimiting()
            .Named("Requests can be served", "Health");
        routes
            .MapGet("/health/cluster", Health.ClusterAsync)
            .For(Caller.Anyone)
            .Named("Every chunk has all its copies", "Health");
    }

    /// <summary>Takes <c>Idempotency-Key</c>.</summary>
    private static RouteHandlerBuilder Creating(this RouteHandlerBuilder builder) =>
        builder.WithMetadata(Idempotency.Marker);

    private static void Named(this RouteHandlerBuilder builder, string summary, string tag) =>
        builder
            .WithSummary(summary)
            .WithTags(tag)
            .Produces<ApiProblem>(StatusCodes.Status400BadRequest, Problem.MediaType);
}
