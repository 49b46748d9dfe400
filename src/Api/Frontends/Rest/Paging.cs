using System.Buffers.Text;
using System.Text;

namespace FileSharing.Api.Frontends.Rest;

/// <summary>Keyset pages: a cursor is the key of the last item, opaque to clients.</summary>
internal static class Paging
{
    /// <summary>One more than asked for is read, to know whether a next page exists.</summary>
    public static (IReadOnlyList<T> Items, string? NextCursor) Page<T>(List<T> rows, int limit, Func<T, string> key) =>
        rows.Count > limit ? (rows[..limit], Cursor(key(rows[limit - 1]))) : (rows, null);

    public static int Limit(int? asked) =>
        asked switch
        {
            null => Limits.PageDefault,
            >= 1 and <= Limits.PageMax => asked.Value,
            _ => throw new ApiException(ApiError.InvalidRequest, $"limit is 1 to {Limits.PageMax}."),
        };

    public static string Cursor(string key) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(key));

    /// <summary>Null for the first page.</summary>
    public static string? Key(string? cursor)
    {
        if (string.IsNullOrEmpty(cursor))
        {
            return null;
        }

        return Base64Url.IsValid(cursor) ? Encoding.UTF8.GetString(Base64Url.DecodeFromChars(cursor)) : throw Wrong();
    }

    public static Guid KeyOfId(string? cursor) =>
        Key(cursor) is not { } key ? Guid.Empty
        : Guid.TryParse(key, out var id) ? id
        : throw Wrong();

    public static int KeyOfNumber(string? cursor, int first) =>
        Key(cursor) is not { } key ? first
        : int.TryParse(key, out var number) && number >= 0 ? number
        : throw Wrong();

    public static ApiException Wrong() =>
        new(ApiError.InvalidRequest, "The cursor is not one that this list gave. Start without one.");
}
