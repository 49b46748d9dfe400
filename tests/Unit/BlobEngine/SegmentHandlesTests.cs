using FileSharing.BlobEngine;
using Xunit;

namespace FileSharing.UnitTests.BlobEngine;

public sealed class SegmentHandlesTests : IAsyncDisposable
{
    private const uint Segments = 12;
    private const int HandlesMax = 3;

    private readonly TestVolume volume = new(isEncrypted: false);
    private readonly SegmentSet segments;

    public SegmentHandlesTests()
    {
        Directory.CreateDirectory(volume.Segments);
        segments = new SegmentSet(volume.Disk, volume.Segments, HandlesMax);
        for (var number = 1u; number <= Segments; number++)
        {
            File.WriteAllBytes(segments.PathOf(number), [(byte)number]);
        }
    }

    public ValueTask DisposeAsync()
    {
        segments.Dispose();
        return volume.DisposeAsync();
    }

    [Fact]
    public void No_more_files_stay_open_than_allowed()
    {
        segments.Load();
        Assert.Equal(HandlesMax, OpenFiles());
        Assert.Equal((int)Segments, segments.Count);
    }

    [Fact]
    public void A_file_in_use_is_closed_by_its_last_user_and_not_before()
    {
        var lease = segments.Reading(1);
        segments.Load();
        Assert.Equal(HandlesMax + 1, OpenFiles());
        Assert.Equal(1u, FirstByte(lease));
        lease.Dispose();
        Assert.Equal(HandlesMax, OpenFiles());
        Assert.Throws<ObjectDisposedException>(() => FirstByte(lease));
    }

    [Fact]
    public void Closing_the_set_leaves_readers_their_file_and_lends_no_more()
    {
        using (var lease = segments.Reading(1))
        {
            segments.Dispose();
            Assert.Equal(1u, FirstByte(lease));
        }

        Assert.Equal(0, OpenFiles());
        Assert.Throws<ObjectDisposedException>(() => segments.Reading(1));
    }

    [Fact]
    public async Task Concurrent_readers_of_more_files_than_are_kept_all_read_their_own()
    {
        await Task.WhenAll(
            Enumerable
                .Range(0, 4)
                .Select(worker =>
                    Task.Run(() =>
                    {
                        for (var i = 0; i < 3000; i++)
                        {
                            var number = (uint)(((i * 7) + worker) % Segments) + 1;
                            using var lease = segments.Reading(number);
                            Assert.Equal(number, FirstByte(lease));
                        }
                    })
                )
        );
        Assert.Equal(HandlesMax, OpenFiles());
    }

    private static uint FirstByte(SegmentLease lease)
    {
        Span<byte> first = stackalloc byte[1];
        Assert.Equal(1, lease.File.Read(first, 0));
        return first[0];
    }

    private int OpenFiles() =>
        Directory
            .GetFiles("/proc/self/fd")
            .Count(fd => new FileInfo(fd).LinkTarget?.StartsWith(volume.Segments, StringComparison.Ordinal) ?? false);
}
