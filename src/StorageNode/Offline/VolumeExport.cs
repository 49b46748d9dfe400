using System.Globalization;
using FileSharing.BlobEngine;
using FileSharing.Chunks;

namespace FileSharing.StorageNode.Offline;

/// <summary>What an export wrote.</summary>
/// <param name="Files">Files of several chunks, whole.</param>
/// <param name="Chunks">Chunks that no manifest names: files of one chunk, and what nothing refers to.</param>
/// <param name="Bytes">Plaintext bytes of both.</param>
/// <param name="Incomplete">Files and chunks of which something is missing or damaged in all volumes.</param>
internal sealed record ExportReport(long Files, long Chunks, long Bytes, long Incomplete);

/// <summary>
/// Writes the plaintext of volumes out as files, from what lies on their disks and the root key alone. Names and folders are in Postgres, so files are named by
/// content: <c>files/ab/ID</c> for what a manifest puts together, <c>chunks/ab/ID</c> for single chunks. Give volumes of several nodes to fill
/// what one alone does not hold. Every byte is compared with its SHA-256 before it is written.
/// </summary>
/// <param name="volumes">At least one.</param>
/// <param name="output">The directory, which is made.</param>
/// <param name="list">Gets a line for every file and chunk.</param>
internal sealed class VolumeExport(IReadOnlyList<OfflineVolume> volumes, string output, TextWriter list)
{
    private const int PageRecords = 1000;

    /// <summary>Ids that need no file of their own, or have it: kept on disk, beside the first volume's scratch index.</summary>
    private readonly OfflineVolume done = volumes[0];

    private long files;
    private long chunks;
    private long bytes;
    private long incomplete;

    /// <summary>Told of every file and chunk written.</summary>
    public Action<ExportReport> OnProgress { get; init; } = _ => { };

    private ExportReport Report => new(files, chunks, bytes, incomplete);

    /// <exception cref="IOException">The output cannot be written; what was written is whole.</exception>
    public async Task<ExportReport> RunAsync(CancellationToken ct)
    {
        await list.WriteLineAsync("kind\tid\tbytes\tmissing_bytes");
        // A manifest that another one names is no file of its own, so the names come first.
        await ForEachAsync(RecordKind.Manifest, MarkLowerManifestsAsync, ct);
        await ForEachAsync(RecordKind.Manifest, WriteFileAsync, ct);
        await ForEachAsync(RecordKind.Chunk, WriteChunkAsync, ct);
        return Report;
    }

    private async Task ForEachAsync(RecordKind kind, Func<ChunkId, CancellationToken, Task> act, CancellationToken ct)
    {
        foreach (var volume in volumes)
        {
            ChunkId? after = null;
            while (volume.List(after, PageRecords) is { Count: > 0 } page)
            {
                foreach (var record in page.Where(record => record.Kind == kind))
                {
                    ct.ThrowIfCancellationRequested();
                    if (!done.IsMarked(record.Id))
                    {
                        await act(record.Id, ct);
                    }
                }

                after = page[^1].Id;
            }
        }
    }

    private async Task MarkLowerManifestsAsync(ChunkId id, CancellationToken ct)
    {
        if (await ReadManifestAsync(id, ct) is { Level: > 0 } manifest)
        {
            done.Mark(manifest.Entries.Select(entry => entry.Id));
        }
    }

    private async Task WriteFileAsync(ChunkId id, CancellationToken ct)
    {
        var written = await WriteAsync("files", "file", id, (file, stop) => AppendManifestAsync(file, id, stop), ct);
        files += written ? 1 : 0;
        done.Mark([id]);
    }

    private async Task WriteChunkAsync(ChunkId id, CancellationToken ct)
    {
        var written = await WriteAsync("chunks", "chunk", id, (file, stop) => AppendChunkAsync(file, id, stop), ct);
        chunks += written ? 1 : 0;
        done.Mark([id]);
    }

    /// <summary>Writes under another name first: a file of the final name is whole.</summary>
    /// <param name="append">Writes the bytes; returns how many are missing, for which it has left holes. Null: it is not known how many.</param>
    private async Task<bool> WriteAsync(
        string folder,
        string kind,
        ChunkId id,
        Func<FileStream, CancellationToken, Task<long?>> append,
        CancellationToken ct
    )
    {
        var name = id.ToString();
        var directory = Path.Combine(output, folder, name[..2]);
        Directory.CreateDirectory(directory);
        var partial = Path.Combine(directory, name + ".partial");
        long? missing;
        long length;
        await using (var file = Create(partial))
        {
            missing = await append(file, ct);
            length = file.Position;
            file.SetLength(length);
            file.Flush(flushToDisk: true);
        }

        var isWhole = missing == 0;
        File.Move(partial, Path.Combine(directory, isWhole ? name : name + ".incomplete"), overwrite: true);
        bytes += length - (missing ?? 0);
        incomplete += isWhole ? 0 : 1;
        var lacking = missing?.ToString(CultureInfo.InvariantCulture) ?? "unknown";
        await list.WriteLineAsync($"{kind}\t{name}\t{length.ToString(CultureInfo.InvariantCulture)}\t{lacking}");
        OnProgress(Report);
        return isWhole;
    }

    /// <returns>Bytes missing; null when a manifest is.</returns>
    private async Task<long?> AppendManifestAsync(FileStream file, ChunkId id, CancellationToken ct)
    {
        if (await ReadManifestAsync(id, ct) is not { } manifest)
        {
            return null;
        }

        long? missing = 0;
        foreach (var entry in manifest.Entries)
        {
            if (manifest.Level > 0)
            {
                var before = file.Position;
                missing += await AppendManifestAsync(file, entry.Id, ct);
                file.Position = before + entry.Size;
                continue;
            }

            if (await AppendChunkAsync(file, entry.Id, ct) is null)
            {
                file.Position += entry.Size;
                missing += entry.Size;
            }
        }

        if (manifest.Level == 0)
        {
            done.Mark(manifest.Entries.Select(entry => entry.Id));
        }

        return missing;
    }

    /// <returns>0, or null when no volume has it whole.</returns>
    private async Task<long?> AppendChunkAsync(FileStream file, ChunkId id, CancellationToken ct)
    {
        using var plain = await ReadAsync(id, RecordKind.Chunk, ct);
        if (plain is null)
        {
            return null;
        }

        await file.WriteAsync(plain.Memory, ct);
        return 0;
    }

    private async Task<Manifest?> ReadManifestAsync(ChunkId id, CancellationToken ct)
    {
        using var body = await ReadAsync(id, RecordKind.Manifest, ct);
        try
        {
            return body is null ? null : Manifest.Parse(body.GetSpan());
        }
        catch (FormatException)
        {
            return null;
        }
    }

    /// <summary>From the first volume that holds it whole.</summary>
    private async Task<PooledBuffer?> ReadAsync(ChunkId id, RecordKind kind, CancellationToken ct)
    {
        foreach (var volume in volumes)
        {
            try
            {
                if (await volume.ReadAsync(id, kind, ct) is { } plain)
                {
                    return plain;
                }
            }
            catch (BlobException error) when (error.Error is BlobError.Damaged or BlobError.BadRecord)
            {
                // The next volume may have a good copy.
            }
        }

        return null;
    }

    private static FileStream Create(string path) =>
        new(
            path,
            new FileStreamOptions
            {
                Mode = FileMode.Create,
                Access = FileAccess.Write,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
                BufferSize = 0,
            }
        );
}
