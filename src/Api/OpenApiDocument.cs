using FileSharing.Api.Auth;
using FileSharing.Chunks;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;

namespace FileSharing.Api;

/// <summary>What the generated document cannot know by itself: the title, the login, and how a chunk id looks.</summary>
internal static class OpenApiDocument
{
    private const string BearerScheme = "bearer";

    public static void Configure(OpenApiOptions options)
    {
        options.AddDocumentTransformer(
            (document, _, _) =>
            {
                document.Info.Title = "FileShare";
                document.Info.Description =
                    "Store and share files. Log in at POST /auth/login; bytes go to the signed URLs.";
                document.Components ??= new OpenApiComponents();
                document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>(
                    StringComparer.Ordinal
                );
                document.Components.SecuritySchemes[BearerScheme] = new OpenApiSecurityScheme
                {
                    Type = SecuritySchemeType.Http,
                    Scheme = "bearer",
                };
                return Task.CompletedTask;
            }
        );
        options.AddOperationTransformer(
            (operation, context, _) =>
            {
                var metadata = context.Description.ActionDescriptor.EndpointMetadata;
                if (!metadata.OfType<CallerMetadata>().Any(m => m.Caller == Caller.Anyone))
                {
                    operation.Security =
                    [
                        new OpenApiSecurityRequirement
                        {
                            [new OpenApiSecuritySchemeReference(BearerScheme, context.Document)] = [],
                        },
                    ];
                }

                return Task.CompletedTask;
            }
        );
        options.AddSchemaTransformer(
            (schema, context, _) =>
            {
                if (context.JsonTypeInfo.Type == typeof(ChunkId) || context.JsonTypeInfo.Type == typeof(ChunkId?))
                {
                    schema.Type = JsonSchemaType.String;
                    schema.Pattern = "^[0-9a-f]{64}$";
                }

                return Task.CompletedTask;
            }
        );
    }
}
