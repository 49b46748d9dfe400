using FileSharing.BlobEngine;
using FileSharing.Cluster;
using FileSharing.Cluster.Map;
using FileSharing.Cluster.Wire;
using FileSharing.StorageNode.Endpoints;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Logging;

namespace FileSharing.StorageNode;

/// <summary>Turns what an endpoint threw into an answer: the one table from failures to HTTP.</summary>
internal static class Problems
{
    private const int RetryAfterSeconds = 2;

    public static RequestException For(ReplicaWriteException error) =>
        error.Error switch
        {
            ReplicaWriteError.VolumeFull => new(StatusCodes.Status507InsufficientStorage, "volume-full", error.Message),
            ReplicaWriteError.Overloaded => new(StatusCodes.Status503ServiceUnavailable, "overloaded", error.Message),
            ReplicaWriteError.Refused => new(StatusCodes.Status500InternalServerError, "record-refused", error.Message),
            _ => new(StatusCodes.Status503ServiceUnavailable, "not-enough-owners", error.Message),
        };

    public static async Task InvokeAsync(HttpContext context, RequestDelegate next, ILogger log)
    {
        try
        {
            await next(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client has gone: nobody reads an answer.
        }
        catch (Exception error) when (!context.Response.HasStarted)
        {
            await AnswerAsync(context, Translate(error, context, log));
        }
        catch (Exception error)
        {
            // The head has gone out: only a broken connection can tell the client that the body is not whole.
            log.RequestFailed(error, context.Request.Method, context.Request.Path);
            context.Abort();
        }
    }

    private static RequestException Translate(Exception error, HttpContext context, ILogger log)
    {
        switch (error)
        {
            case RequestException known:
                return known;
            case ReplicaWriteException write:
                return For(write);
            case ClusterFormingException forming:
                return new RequestException(
                    StatusCodes.Status503ServiceUnavailable,
                    "cluster-forming",
                    forming.Message
                );
            case ChunkMissingException missing:
                log.RequestFailed(missing, context.Request.Method, context.Request.Path);
                return new RequestException(
                    StatusCodes.Status500InternalServerError,
                    "content-missing",
                    missing.Message
                );
            case ChunkUnavailableException unavailable:
                return new RequestException(
                    StatusCodes.Status503ServiceUnavailable,
                    "content-unavailable",
                    unavailable.Message
                );
            case BlobException { Error: BlobError.IndexDamaged } index:
                // The supervisor opens the volume anew; until then it is as good as not open.
                log.RequestFailed(index, context.Request.Method, context.Request.Path);
                return new RequestException(
                    StatusCodes.Status503ServiceUnavailable,
                    "volume-away",
                    "The index of a volume of this node cannot be read at the moment."
                );
            case BadHttpRequestException bad:
                return new RequestException(bad.StatusCode, "bad-request", bad.Message);
            default:
                log.RequestFailed(error, context.Request.Method, context.Request.Path);
                return new RequestException(
                    StatusCodes.Status500InternalServerError,
                    "internal",
                    "Something went wrong on the storage node. Its log has the details under this trace id."
                );
        }
    }

    private static async Task AnswerAsync(HttpContext context, RequestException problem)
    {
        context.Response.Clear();
        context.Response.StatusCode = problem.Status;
        if (problem.Status == StatusCodes.Status503ServiceUnavailable)
        {
            context.Response.Headers.RetryAfter = RetryAfterSeconds.ToString();
        }

        if (problem.ContentRange is not null)
        {
            context.Response.Headers.ContentRange = problem.ContentRange;
        }

        await Replies.WriteJsonAsync(
            context,
            new Problem(
                Problem.TypePrefix + problem.Type,
                ReasonPhrases.GetReasonPhrase(problem.Status),
                problem.Status,
                problem.Message,
                context.TraceIdentifier
            ),
            WireJson.Default.Problem,
            Problem.MediaType
        );
    }
}
