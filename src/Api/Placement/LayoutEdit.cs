using FileSharing.Metadata;

namespace FileSharing.Api.Placement;

/// <summary>One change of the members of a layout, as an administrator stages it. Pure.</summary>
/// <param name="Operation">add, remove, reweight or drain.</param>
/// <param name="Volume">A name such as 2/1, or an id.</param>
/// <param name="Weight">For add (its capacity when left out) and reweight.</param>
internal sealed record LayoutEdit(string Operation, string Volume, double? Weight)
{
    public const string Add = "add";
    public const string Remove = "remove";
    public const string Reweight = "reweight";
    public const string Drain = "drain";

    /// <exception cref="ApiException">The volume is not known, is a member or is none, or the weight makes no sense.</exception>
    public IReadOnlyList<LayoutMember> ApplyTo(IReadOnlyList<LayoutMember> members, VolumeDirectory directory)
    {
        bool IsMember(Guid id) => members.Any(m => m.VolumeId == id);
        if (Weight is { } given && !(given > 0 && double.IsFinite(given)))
        {
            throw new ApiException(
                ApiError.InvalidRequest,
                "A weight is a number above 0. To empty a volume, drain or remove it."
            );
        }

        var volume = directory.Find(Volume, id => IsMember(id) != (Operation == Add));
        var name = directory.NameOf(volume.VolumeId);
        if (Operation == Add)
        {
            return IsMember(volume.VolumeId)
                ? throw Refused($"Volume {name} is in the layout already. To change its share, reweight it.")
                : [.. members, new LayoutMember(volume.VolumeId, Weight ?? VolumeDirectory.WeightOf(volume))];
        }

        if (!IsMember(volume.VolumeId))
        {
            throw Refused($"Volume {name} is not in the layout. Add it first.");
        }

        return Operation switch
        {
            Remove => [.. members.Where(m => m.VolumeId != volume.VolumeId)],
            Drain => With(members, volume.VolumeId, 0),
            Reweight => With(
                members,
                volume.VolumeId,
                Weight ?? throw new ApiException(ApiError.InvalidRequest, "Say the new weight.")
            ),
            _ => throw new ApiException(
                ApiError.InvalidRequest,
                $"'{Operation}' is none of {Add}, {Remove}, {Reweight}, {Drain}."
            ),
        };
    }

    /// <summary>For the record, and for people who ask who did what.</summary>
    public string Describe() => Weight is { } weight ? $"{Operation} {Volume} {weight}" : $"{Operation} {Volume}";

    private static IReadOnlyList<LayoutMember> With(IReadOnlyList<LayoutMember> members, Guid volume, double weight) =>
        [.. members.Select(m => m.VolumeId == volume ? m with { Weight = weight } : m)];

    private static ApiException Refused(string detail) => new(ApiError.LayoutRefused, detail);
}
