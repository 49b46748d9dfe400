using System.Diagnostics;
using FileSharing.Native.RocksDb;
using FileSharing.UnitTests.BlobEngine;
using Xunit;

namespace FileSharing.UnitTests.Native;

public sealed class RocksDbTests : IDisposable
{
    private readonly string path = Directory.CreateTempSubdirectory("fileshare-rocksdb-").FullName;

    public void Dispose() => Directory.Delete(path, recursive: true);

    [Fact]
    public void Keys_are_found_walked_in_order_and_deleted()
    {
        using var db = RocksDb.Open(path, new RocksDbOptions());
        using var batch = new WriteBatch();
        batch.Put("b"u8, "2"u8);
        batch.Put("a"u8, "1"u8);
        batch.Put("c"u8, []);
        batch.Delete("b"u8);
        db.Write(batch);
        Assert.Equal(1, db.Get("a"u8, new byte[1]));
        Assert.Equal(-1, db.Get("b"u8, new byte[1]));
        Assert.Equal(0, db.Get("c"u8, new byte[1]));
        using var iterator = db.Iterate();
        iterator.Seek("b"u8);
        Assert.True(iterator.IsValid);
        Assert.Equal("c"u8.ToArray(), iterator.Key.ToArray());
        iterator.Next();
        Assert.False(iterator.IsValid);
    }

    [Fact]
    public void What_was_flushed_survives_and_what_was_not_is_lost_as_a_whole()
    {
        var crashed = Path.Combine(path, "crashed");
        using (var db = RocksDb.Open(Path.Combine(path, "running"), new RocksDbOptions()))
        {
            using var batch = new WriteBatch();
            batch.Put("kept"u8, "1"u8);
            db.Write(batch);
            db.Flush();
            batch.Clear();
            batch.Put("kept"u8, "22"u8);
            batch.Put("lost"u8, "2"u8);
            db.Write(batch);
            CopyFiles(Path.Combine(path, "running"), crashed);
            Assert.Equal(2, db.Get("kept"u8, new byte[2]));
        }

        using var reopened = RocksDb.Open(crashed, new RocksDbOptions());
        Assert.Equal(1, reopened.Get("kept"u8, new byte[2]));
        Assert.Equal(-1, reopened.Get("lost"u8, new byte[1]));
        Assert.True(reopened.TableBytes() > 0);
    }

    /// <summary>What a crash leaves: closing would write out what was not flushed.</summary>
    private static void CopyFiles(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.GetFiles(from))
        {
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        }
    }

    [Fact]
    public void An_iterator_keeps_the_database_until_it_is_disposed()
    {
        var db = RocksDb.Open(path, new RocksDbOptions());
        var iterator = db.Iterate();
        db.Dispose();
        iterator.Seek("a"u8);
        Assert.False(iterator.IsValid);
        iterator.Dispose();
        Assert.Throws<ObjectDisposedException>(() => db.Get("a"u8, []));
    }

    [Fact]
    public void A_second_opening_is_an_error_with_a_message()
    {
        using var db = RocksDb.Open(path, new RocksDbOptions());
        var error = Assert.Throws<RocksDbException>(() => RocksDb.Open(path, new RocksDbOptions()));
        Assert.Contains("lock", error.Message, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void On_a_full_disk_a_flush_is_refused_without_a_line_in_a_log_which_would_end_the_process_at_the_next_one()
    {
        using var disk = SmallFileSystem.Mount(mebibytes: 32);
        var database = Path.Combine(disk.Root, "database");
        using (var db = RocksDb.Open(database, new RocksDbOptions()))
        {
            using var batch = new WriteBatch();
            batch.Put("key"u8, "1"u8);
            db.Write(batch);
            disk.FillBut(0);
            Assert.True(Assert.Throws<RocksDbException>(db.Flush).IsNoSpace);
            Assert.Equal(1, db.Get("key"u8, new byte[1]));
            // With room again a line that was held back would get out when it is closed.
            disk.Release();
        }

        Assert.Equal(0, new FileInfo(Path.Combine(database, "LOG")).Length);
    }

    [Fact]
    public async Task A_flush_that_leaves_something_in_memory_says_so_and_counts_as_one_without_room()
    {
        using var db = RocksDb.Open(path, new RocksDbOptions { WriteBufferBytes = 64 << 10 });
        using var stop = new CancellationTokenSource();
        // Full disks bring it about once in minutes; who writes faster than it flushes does so at once.
        var others = Task.Factory.StartNew(
            () => WriteUntil(db, stop.Token),
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default
        );
        try
        {
            var error = Assert.Throws<RocksDbException>(() => FlushFor(db, TimeSpan.FromSeconds(60)));
            Assert.True(error.IsNoSpace);
            Assert.True(error.IsRefusalOfSystem);
        }
        finally
        {
            await stop.CancelAsync();
            await others;
        }

        db.Flush();
    }

    private static void FlushFor(RocksDb db, TimeSpan atMost)
    {
        var began = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(began) < atMost)
        {
            db.Flush();
        }
    }

    private static void WriteUntil(RocksDb db, CancellationToken stopped)
    {
        var value = new byte[1 << 10];
        using var batch = new WriteBatch();
        for (var i = 0; !stopped.IsCancellationRequested; i++)
        {
            batch.Clear();
            batch.Put(BitConverter.GetBytes(i), value);
            db.Write(batch);
        }
    }
}
