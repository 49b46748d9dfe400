using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Text.Json;

namespace FileSharing.Load;

/// <summary>Files of one positional part: open and complete through the API, bytes by signed URL. Only the bytes' time counts as latency.</summary>
internal sealed class FileLoad(Target target, Content content, int bytes)
{
    private const int WarmFiles = 4;

    private readonly ConcurrentDictionary<int, byte[]> buffers = new();
    private readonly ConcurrentQueue<IReadOnlyList<Uri>> downloads = new();
    private readonly string run = Guid.NewGuid().ToString("N");
    private int number;

    public async Task<TimeSpan> PutAsync(int worker, CancellationToken stop)
    {
        var buffer = buffers.GetOrAdd(worker, _ => new byte[bytes]);
        content.Fill(buffer);
        var name = $"load-{run}-{Interlocked.Increment(ref number)}";
        object metadata = new
        {
            name,
            size = bytes,
            type = "application/octet-stream",
        };
        var session = await target.CallAsync(
            HttpMethod.Post,
            "/files/upload",
            new { metadata, part_size = bytes },
            stop
        );
        var url = session.GetProperty("upload_urls")[0].GetString()!;

        var begin = TimeProvider.System.GetTimestamp();
        using var body = new ByteArrayContent(buffer);
        using var response = await target.Http.PutAsync(new Uri(url), body, stop);
        response.EnsureSuccessStatusCode();
        var took = TimeProvider.System.GetElapsedTime(begin);

        var upload = session.GetProperty("upload_id").GetString();
        var done = await target.CallAsync(HttpMethod.Post, $"/files/upload/{upload}/complete", body: null, stop);
        var file = done.GetProperty("file_id").GetString();
        var download = await target.CallAsync(HttpMethod.Get, $"/files/download/{file}", body: null, stop);
        downloads.Enqueue([
            .. download.GetProperty("download_urls").EnumerateArray().Select(u => new Uri(u.GetString()!)),
        ]);
        return took;
    }

    /// <summary>Keeps a few files to read, and reads each twice from every node, as it takes to get into memory: what follows measures data that is there.</summary>
    public async Task WarmAsync()
    {
        while (downloads.Count > WarmFiles)
        {
            downloads.TryDequeue(out _);
        }

        foreach (var url in downloads.Concat(downloads).SelectMany(urls => urls))
        {
            await target.DrainAsync(
                url,
                range: null,
                buffers.GetOrAdd(0, _ => new byte[1 << 20]),
                CancellationToken.None
            );
        }
    }

    public Task<TimeSpan> GetAsync(int worker, CancellationToken stop) => ReadAsync(worker, range: null, bytes, stop);

    public Task<TimeSpan> GetRangeAsync(int worker, int length, CancellationToken stop)
    {
        var at = (long)(uint)HashCode.Combine(worker, Interlocked.Increment(ref number)) % (bytes - length);
        return ReadAsync(worker, new RangeHeaderValue(at, at + length - 1), length, stop);
    }

    /// <summary>Reads a range of a file from one of the target's nodes, for any number of callers at once.</summary>
    public async Task GetRangeAsync(int which, Func<Uri, bool> mayAsk, int length, CancellationToken stop)
    {
        var all = downloads.ToArray();
        var urls = all[which % all.Length].Where(mayAsk).ToList();
        var at = (long)(uint)HashCode.Combine(run, which) % (bytes - length);
        var range = new RangeHeaderValue(at, at + length - 1);
        var read = await target.DrainAsync(urls[which % urls.Count], range, new byte[length], stop);
        if (read != length)
        {
            throw new InvalidOperationException($"{read} of {length} bytes came back.");
        }
    }

    private async Task<TimeSpan> ReadAsync(int worker, RangeHeaderValue? range, long expected, CancellationToken stop)
    {
        if (!downloads.TryDequeue(out var urls))
        {
            throw new InvalidOperationException("GET follows PUT.");
        }

        downloads.Enqueue(urls);
        var url = urls[Interlocked.Increment(ref number) % urls.Count];
        var begin = TimeProvider.System.GetTimestamp();
        var read = await target.DrainAsync(url, range, buffers.GetOrAdd(worker, _ => new byte[1 << 20]), stop);
        return read == expected
            ? TimeProvider.System.GetElapsedTime(begin)
            : throw new InvalidOperationException($"{read} of {expected} bytes came back.");
    }
}
