namespace FileSharing.UnitTests.BlobEngine;

/// <summary>One file of a <see cref="PowerCutDisk"/>, in sectors, sparse: as it is read now, as it was last synced, and what came since.</summary>
internal sealed class PowerCutFile
{
    private const int SectorBytes = 512;

    private readonly List<Change> unsynced = [];
    private Content current = new();
    private Content durable = new();

    public long Length => current.Length;

    public void Write(byte[] bytes, long offset) => Add(new Change(bytes, offset));

    public void SetLength(long length) => Add(new Change(null, length));

    public void Sync()
    {
        unsynced.ForEach(change => change.ApplyTo(durable, _ => true));
        unsynced.Clear();
    }

    public int Read(Span<byte> buffer, long offset)
    {
        var count = (int)Math.Clamp(current.Length - offset, 0, buffer.Length);
        current.Read(buffer[..count], offset);
        return count;
    }

    public PowerCutFile AfterCut(Unsynced kept, Random random)
    {
        var found = new PowerCutFile { durable = durable.Copy() };
        foreach (var change in unsynced)
        {
            change.ApplyTo(found.durable, _ => kept == Unsynced.Kept || (kept == Unsynced.Some && random.Next(2) == 0));
        }

        found.current = found.durable.Copy();
        return found;
    }

    private void Add(Change change)
    {
        change.ApplyTo(current, _ => true);
        unsynced.Add(change);
    }

    /// <param name="Bytes">Null for a change of length.</param>
    /// <param name="Place">Where the bytes go, or the new length.</param>
    private sealed record Change(byte[]? Bytes, long Place)
    {
        public void ApplyTo(Content content, Predicate<long> isKept)
        {
            if (Bytes is null)
            {
                if (isKept(Place))
                {
                    content.SetLength(Place);
                }

                return;
            }

            for (var done = 0; done < Bytes.Length; )
            {
                var at = Place + done;
                var count = (int)Math.Min(SectorBytes - (at % SectorBytes), Bytes.Length - done);
                if (isKept(at))
                {
                    content.WriteInSector(Bytes.AsSpan(done, count), at);
                }

                done += count;
            }
        }
    }

    private sealed class Content
    {
        private readonly Dictionary<long, byte[]> sectors = [];

        /// <summary>Only zeros lie behind it: most of a segment is preallocated.</summary>
        private long writtenEnd;

        public long Length { get; private set; }

        public void SetLength(long length)
        {
            if (length < Length)
            {
                foreach (var sector in sectors.Keys.Where(sector => (sector + 1) * SectorBytes > length).ToList())
                {
                    var inside = length - (sector * SectorBytes);
                    if (inside > 0)
                    {
                        sectors[sector].AsSpan((int)inside).Clear();
                    }
                    else
                    {
                        sectors.Remove(sector);
                    }
                }
            }

            Length = length;
        }

        public void WriteInSector(ReadOnlySpan<byte> bytes, long offset)
        {
            var sector = offset / SectorBytes;
            if (!sectors.TryGetValue(sector, out var content))
            {
                sectors[sector] = content = new byte[SectorBytes];
            }

            bytes.CopyTo(content.AsSpan((int)(offset % SectorBytes)));
            writtenEnd = Math.Max(writtenEnd, offset + bytes.Length);
            Length = Math.Max(Length, offset + bytes.Length);
        }

        public void Read(Span<byte> buffer, long offset)
        {
            buffer.Clear();
            if (offset >= writtenEnd)
            {
                return;
            }

            for (var done = 0; done < buffer.Length; )
            {
                var at = offset + done;
                var count = (int)Math.Min(SectorBytes - (at % SectorBytes), buffer.Length - done);
                if (sectors.TryGetValue(at / SectorBytes, out var content))
                {
                    content.AsSpan((int)(at % SectorBytes), count).CopyTo(buffer[done..]);
                }

                done += count;
            }
        }

        public Content Copy()
        {
            var copy = new Content { Length = Length, writtenEnd = writtenEnd };
            foreach (var (sector, content) in sectors)
            {
                copy.sectors[sector] = [.. content];
            }

            return copy;
        }
    }
}
