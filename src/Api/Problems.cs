using System.Diagnostics;
using System.Text.Json.Serialization;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Wire;
using FileSharing.Metadata;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace FileSharing.Api;

/// <summary>RFC 9457, with what this API adds.</summary>
internal sealed record ApiProblem(
    string Type,
    string Title,
    int Status,
    string? Detail,
    string TraceId,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<int>? MissingParts
);

/// <summary>Turns every exception and every empty error answer into problem details. What is not a refusal is logged, and its text stays inside.</summary>
internal sealed class Problems(ILogger<Problems> log) : IExceptionHandler
{
    private static readonly TimeSpan RetryWhenDown = TimeSpan.FromSeconds(2);

    public async ValueTask<bool> TryHandleAsync(HttpContext context, Exception exception, CancellationToken ct)
    {
        if (exception is OperationCanceledException && context.RequestAborted.IsCancellationRequested)
        {
            return true;
        }

        var refusal = AsRefusal(exception);
        if (refusal.Error is ApiError.Internal)
        {
            log.RequestFailed(exception, context.Request.Method, context.Request.Path);
        }
        else if (refusal.Error is ApiError.DatabaseUnavailable)
        {
            log.DatabaseUnavailable(exception.Message);
        }

        await WriteAsync(context, refusal);
        return true;
    }

    public static Task WriteAsync(HttpContext context, ApiException refusal)
    {
        var row = ApiErrors.Of(refusal.Error);
        context.Response.StatusCode = row.Status;
        if (row.Status == StatusCodes.Status401Unauthorized)
        {
            context.Response.Headers.WWWAuthenticate = "Bearer";
        }

        if (refusal.RetryAfter is { } wait)
        {
            context.Response.Headers.RetryAfter = ((int)Math.Ceiling(wait.TotalSeconds)).ToString();
        }

        var problem = new ApiProblem(
            Problem.TypePrefix + row.Name,
            row.Title,
            row.Status,
            refusal.Message,
            Activity.Current?.TraceId.ToString() ?? context.TraceIdentifier,
            refusal.MissingParts
        );
        return context.Response.WriteAsJsonAsync(
            problem,
            Frontends.Rest.RestJson.Default.ApiProblem,
            Problem.MediaType,
            context.RequestAborted
        );
    }

    /// <summary>The answer for a status that ASP.NET set by itself, without a body.</summary>
    public static Task WriteForStatusAsync(HttpContext context) =>
        WriteAsync(
            context,
            context.Response.StatusCode switch
            {
                404 => new ApiException(ApiError.NotFound, "There is nothing at this address. See /docs."),
                405 => new ApiException(ApiError.MethodNotAllowed, "This address has other methods. See /docs."),
                413 => new ApiException(ApiError.BodyTooLarge, "The body is larger than this call takes."),
                415 => new ApiException(ApiError.UnsupportedMediaType, "Send the body as application/json."),
                429 or 503 => new ApiException(
                    ApiError.TooManyRequests,
                    "The server has as many requests as it takes. Try again in a moment."
                )
                {
                    RetryAfter = RetryWhenDown,
                },
                < 500 => new ApiException(ApiError.InvalidRequest, "The request is not valid. See /docs."),
                _ => new ApiException(ApiError.Internal, "The server failed. Report the trace_id."),
            }
        );

    private static ApiException AsRefusal(Exception exception) =>
        exception switch
        {
            ApiException e => e,
            MetadataException e => new ApiException(ApiErrors.Of(e.Error), e.Message),
            BadHttpRequestException { StatusCode: 413 } => new ApiException(
                ApiError.BodyTooLarge,
                "The body is larger than this call takes."
            ),
            BadHttpRequestException { StatusCode: 415 } => new ApiException(
                ApiError.UnsupportedMediaType,
                "Send the body as application/json."
            ),
            BadHttpRequestException e => new ApiException(
                ApiError.InvalidRequest,
                e.InnerException is System.Text.Json.JsonException json ? json.Message : e.Message
            ),
            ClusterFormingException => new ApiException(
                ApiError.ClusterForming,
                "Not enough storage nodes have registered yet. Try again in a moment."
            )
            {
                RetryAfter = RetryWhenDown,
            },
            _ when MetadataDb.IsOutage(exception) => new ApiException(
                ApiError.DatabaseUnavailable,
                "The database cannot be reached. Downloads that have begun go on; try again in a moment."
            )
            {
                RetryAfter = RetryWhenDown,
            },
            _ => Failed(),
        };

    private static ApiException Failed() => new(ApiError.Internal, "The server failed. Report the trace_id.");
}
