using System.Globalization;

namespace FileSharing.ClusterTests.Network;

/// <summary>
/// Machines that are network namespaces, each with one cable to a router in a namespace of its own, and this process as one machine more. Cuts are rules of the router that drop what
/// it should forward: silently, one direction of one pair at a time, connections that are open included, as a broken network does it.
/// </summary>
internal sealed class VirtualNetwork : IAsyncDisposable
{
    /// <summary>Last octet of this process's address.</summary>
    private const int ThisMachine = 1;
    private const int Router = 254;

    private static int networks = Environment.ProcessId % 200;

    private readonly int number = 1 + (Interlocked.Increment(ref networks) % 250);
    private readonly List<string> machines = [];
    private readonly HashSet<(int From, int To)> cuts = [];

    private VirtualNetwork() { }

    /// <summary>The machine of the tests: client of everything.</summary>
    public Host Here => new(null, ThisMachine, AddressOf(ThisMachine));

    private string RouterName => $"fileshare-{number}-router";

    private string CableToHere => $"fileshare-{number}";

    /// <summary>Skips the test where no namespaces can be made.</summary>
    public static async Task<VirtualNetwork> CreateAsync()
    {
        var network = new VirtualNetwork();
        // What a run that was killed may have left under this number.
        _ = await RunAsync(
            $"for left in $(ip netns list | grep -o '^fileshare-{network.number}-[a-z0-9-]*'); do ip netns delete $left; done"
        );
        var made = await RunAsync(
            $"""
            ip netns add {network.RouterName}
            ip -n {network.RouterName} link set lo up
            ip netns exec {network.RouterName} sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
            ip -n {network.RouterName} link add h{ThisMachine} type veth peer name {network.CableToHere} netns {Environment.ProcessId}
            ip addr add {network.AddressOf(ThisMachine)}/32 dev {network.CableToHere}
            ip link set {network.CableToHere} up
            ip route add {network.AddressOf(Router)}/32 dev {network.CableToHere} src {network.AddressOf(ThisMachine)}
            ip route add {network.AddressOf(0)}/24 via {network.AddressOf(
                Router
            )} dev {network.CableToHere} src {network.AddressOf(ThisMachine)}
            {network.RouterEnd(ThisMachine)}
            """
        );
        if (made.Code != 0)
        {
            await network.DisposeAsync();
            Assert.Skip($"Network namespaces cannot be made here, which takes root and CAP_NET_ADMIN: {made.Errors}");
        }

        return network;
    }

    /// <summary>One machine more.</summary>
    /// <param name="name">Letters and digits.</param>
    /// <param name="octet">Of its address, 2 to 253.</param>
    public async Task<Host> AddAsync(string name, int octet)
    {
        var space = $"fileshare-{number}-{name}";
        machines.Add(space);
        (
            await RunAsync(
                $"""
                ip netns add {space}
                ip -n {space} link set lo up
                ip -n {RouterName} link add h{octet} type veth peer name eth0 netns {space}
                ip -n {space} addr add {AddressOf(octet)}/32 dev eth0
                ip -n {space} link set eth0 up
                ip -n {space} route add {AddressOf(Router)}/32 dev eth0
                ip -n {space} route add default via {AddressOf(Router)} dev eth0 src {AddressOf(octet)}
                {RouterEnd(octet)}
                """
            )
        ).Succeeded();
        return new Host(space, octet, AddressOf(octet));
    }

    /// <summary>From now on nothing that <paramref name="from"/> sends reaches <paramref name="to"/>.</summary>
    public async Task CutAsync(Host from, Host to)
    {
        if (cuts.Add((from.Octet, to.Octet)))
        {
            (await RunAsync($"ip -n {RouterName} rule add {Cut(from.Octet, to.Octet)}")).Succeeded();
        }
    }

    /// <summary>Every cut is mended.</summary>
    public async Task MendAsync()
    {
        foreach (var (from, to) in cuts)
        {
            (await RunAsync($"ip -n {RouterName} rule delete {Cut(from, to)}")).Succeeded();
        }

        cuts.Clear();
    }

    private string Cut(int from, int to) => $"from {AddressOf(from)} to {AddressOf(to)} blackhole";

    private string RouterEnd(int octet) =>
        $"""
            ip -n {RouterName} addr add {AddressOf(Router)}/32 dev h{octet}
            ip -n {RouterName} link set h{octet} up
            ip -n {RouterName} route add {AddressOf(octet)}/32 dev h{octet}
            """;

    /// <summary>In 198.18.0.0/15, which RFC 2544 keeps for tests of networks.</summary>
    private string AddressOf(int octet) => string.Create(CultureInfo.InvariantCulture, $"198.18.{number}.{octet}");

    /// <summary>The lines of a script, until one fails. <c>ip</c> lies in /sbin, which is not in everybody's PATH.</summary>
    private static Task<Outcome> RunAsync(string script) =>
        Shell.RunAsync("sh", ["-ec", $"PATH=$PATH:/usr/sbin:/sbin\n{script}"]);

    public async ValueTask DisposeAsync()
    {
        // A cable goes with the namespace of one of its ends.
        foreach (var space in machines.Append(RouterName))
        {
            _ = await RunAsync($"ip netns delete {space}");
        }
    }
}

/// <summary>One machine of a <see cref="VirtualNetwork"/>.</summary>
/// <param name="Namespace">Its network namespace; null: that of this process.</param>
/// <param name="Octet">The last of its address.</param>
internal sealed record Host(string? Namespace, int Octet, string Address);
