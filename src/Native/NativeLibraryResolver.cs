using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace FileSharing.Native;

/// <summary>
/// Finds the system libraries under their versioned names: the unversioned ones exist only where development packages are installed.
/// </summary>
internal static class NativeLibraryResolver
{
    // The one place that every binding passes before its first call, whichever class is used first.
#pragma warning disable CA2255 // A module initializer in a library: there is no other hook that runs before the first import.
    [ModuleInitializer]
#pragma warning restore CA2255
    internal static void Register() =>
        NativeLibrary.SetDllImportResolver(typeof(NativeLibraryResolver).Assembly, Resolve);

    private static nint Resolve(string importName, Assembly assembly, DllImportSearchPath? searchPath)
    {
        foreach (var library in NativeLibraryName.All)
        {
            if (library.ImportName == importName)
            {
                return Load(library);
            }
        }

        return 0;
    }

    /// <exception cref="NativeLibraryMissingException">None of the file names loads.</exception>
    internal static nint Load(NativeLibraryName library) =>
        TryLoad(library, out var handle) ? handle : throw new NativeLibraryMissingException(library);

    internal static bool TryLoad(NativeLibraryName library, out nint handle)
    {
        foreach (var fileName in library.FileNames)
        {
            if (NativeLibrary.TryLoad(fileName, out handle))
            {
                return true;
            }
        }

        handle = 0;
        return false;
    }
}
