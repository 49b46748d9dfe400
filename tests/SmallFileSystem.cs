using System.Diagnostics;
using FileSharing.Native.Posix;

namespace FileSharing;

/// <summary>An ext4 of a few hundred MiB in an image file, mounted: a disk that really fills up, with O_DIRECT. Unmounted and removed in the end.</summary>
internal sealed class SmallFileSystem : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("fileshare-disk-").FullName;

    private SmallFileSystem() { }

    public string Root => Path.Combine(directory, "mounted");

    public long FreeBytes => new DriveInfo(Root).AvailableFreeSpace;

    private string Image => Path.Combine(directory, "image");

    private string OtherPeoplesFile => Path.Combine(Root, "other-peoples-file");

    /// <summary>Skips the test where nothing may be mounted.</summary>
    public static SmallFileSystem Mount(int mebibytes)
    {
        var made = new SmallFileSystem();
        Directory.CreateDirectory(made.Root);
        using (var image = File.Create(made.Image))
        {
            image.SetLength((long)mebibytes << 20);
        }

        try
        {
            // No blocks kept for root, as whom the tests run: full is full.
            Run("mkfs.ext4", "-q", "-F", "-m", "0", made.Image);
            Run("mount", "-o", "loop", made.Image, made.Root);
            return made;
        }
        catch (InvalidOperationException error)
        {
            Directory.Delete(made.directory, recursive: true);
            Assert.Skip($"A file system cannot be mounted here, which takes root: {error.Message}");
            throw;
        }
    }

    /// <summary>Somebody else takes all that is free but this much.</summary>
    public void FillBut(long bytes)
    {
        using var file = PosixFile.Open(OtherPeoplesFile, create: true, direct: false)!;
        var taken = RandomAccess.GetLength(file);
        for (var step = 64L << 20; step >= 4096; )
        {
            var room = FreeBytes - bytes;
            if (room < step || !TryAllocate(file, taken, step))
            {
                step /= 2;
                continue;
            }

            taken += step;
        }
    }

    /// <summary>Somebody else gives it back.</summary>
    public void Release() => File.Delete(OtherPeoplesFile);

    private static bool TryAllocate(Microsoft.Win32.SafeHandles.SafeFileHandle file, long offset, long length)
    {
        try
        {
            return PosixFile.Allocate(file, offset, length);
        }
        catch (PosixException error) when (error.IsNoSpace)
        {
            return false;
        }
    }

    private static void Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardError = true };
        // Tools for file systems lie in /sbin, which is not in everybody's PATH.
        start.Environment["PATH"] += ":/usr/sbin:/sbin";
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception missing)
        {
            throw new InvalidOperationException($"{program}: {missing.Message}", missing);
        }

        using (process)
        {
            var errors = process.StandardError.ReadToEnd();
            process.WaitForExit();
            if (process.ExitCode != 0)
            {
                throw new InvalidOperationException($"{program}: {errors}");
            }
        }
    }

    public void Dispose()
    {
        Run("umount", Root);
        Directory.Delete(directory, recursive: true);
    }
}
