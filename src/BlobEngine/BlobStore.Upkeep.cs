using System.Security.Cryptography;
using FileSharing.Chunks;

namespace FileSharing.BlobEngine;

/// <content>What is done in the background: giving space back, and looking for damage.</content>
public sealed partial class BlobStore
{
    /// <summary>
    /// Gives the space of dead records back: writes the live ones of the emptiest sealed segments again, and removes the files. Everything else goes on meanwhile.
    /// It may be cut off at any moment; what it has done stays done.
    /// </summary>
    /// <exception cref="BlobException"><see cref="BlobError.WriterPoisoned"/>; <see cref="BlobError.VolumeFull"/>: no segment could be removed, for want of room to move a record or a note.</exception>
    /// <remarks>docs/compaction.md.</remarks>
    public async Task<CompactionReport> CompactAsync(CompactionOptions options, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(options);
        ThrowIfDisposed();
        await compacting.WaitAsync(ct);
        try
        {
            // As for a put: what is sealed with a key that this volume has not stored must not lie on it. Old records wait until the key has come.
            var isKeyStored = storedKeys.Has(volume.Keys.CurrentKeyId);
            var allowed = options with { RewriteOldKeys = options.RewriteOldKeys && isKeyStored };
            return await new Compactor(volume, writer, reader, locks, gate, rewriter, time).RunAsync(allowed, ct);
        }
        finally
        {
            compacting.Release();
        }
    }

    /// <summary>Ends the segment that is appended to, so that it can be compacted; the next put begins another. Nothing to do is no error.</summary>
    /// <exception cref="BlobException"><see cref="BlobError.WriterPoisoned"/>.</exception>
    public async Task SealAsync(CancellationToken ct)
    {
        ThrowIfDisposed();
        await writer.SealAsync(ct);
    }

    /// <summary>
    /// Looks for damage: what is due by <paramref name="options"/>, or everything. Bad records are marked, and listed by <see cref="ListDamaged"/>. It may be cut
    /// off at any moment; segments that were looked at stay so. Runs follow one another.
    /// </summary>
    /// <param name="options">What is due.</param>
    /// <param name="progress">Told after every batch, on the scrub's thread.</param>
    /// <param name="ct">Ends the run.</param>
    /// <remarks>docs/scrub.md.</remarks>
    public async Task<ScrubReport> ScrubAsync(
        ScrubOptions options,
        IProgress<ScrubProgress>? progress,
        CancellationToken ct
    )
    {
        ArgumentNullException.ThrowIfNull(options);
        ThrowIfDisposed();
        await scrubbing.WaitAsync(ct);
        try
        {
            var scrubber = new Scrubber(volume, writer, reader, quarantine, compacting, time);
            // It reads without letting go of its thread, which must not be the caller's.
            return await Task.Run(() => scrubber.RunAsync(options, progress, ct), ct);
        }
        finally
        {
            scrubbing.Release();
        }
    }

    /// <summary>
    /// Ids whose stored copy is known to be damaged, in order, at most <paramref name="max"/> of those after <paramref name="after"/>. Put another owner's
    /// copy of each: that heals it, and takes it off this list.
    /// </summary>
    public IReadOnlyList<ChunkId> ListDamaged(ChunkId? after, int max)
    {
        ThrowIfDisposed();
        return volume.Index.ListDamaged(after, max);
    }

    /// <summary>
    /// Proves that the bytes of a record are here: HMAC-SHA256 under the nonce over its plaintext, which is read from the disk, opened and compared with its id now. Who knows
    /// the plaintext can check it; who does not cannot make it.
    /// </summary>
    /// <returns>Null when absent.</returns>
    /// <exception cref="BlobException"><see cref="BlobError.Damaged"/>; <see cref="BlobError.UnknownKey"/>.</exception>
    public async ValueTask<byte[]?> ProveAsync(ChunkId id, ReadOnlyMemory<byte> nonce, CancellationToken ct)
    {
        if (await ReadRecordAsync(id, ct) is not { } stored)
        {
            return null;
        }

        using (stored)
        {
            using var plain = RecordPlaintext.Open(volume.Codec, stored.Memory.Span, volume.Buffers);
            return RecordPlaintext.IsOfId(stored.Header, plain.GetSpan())
                ? HMACSHA256.HashData(nonce.Span, plain.GetSpan())
                : throw new BlobException(
                    BlobError.Damaged,
                    $"The record of {id} holds other bytes than its id names."
                );
        }
    }

    /// <summary>Looks at one stored record whole, and lists it for repair when it is damaged.</summary>
    /// <returns>Whether it is damaged.</returns>
    public async Task<bool> QuarantineAsync(ChunkId id, CancellationToken ct)
    {
        ThrowIfDisposed();
        return await quarantine.CheckAsync(id, ct);
    }
}
