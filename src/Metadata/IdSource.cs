namespace FileSharing.Metadata;

/// <summary>Makes ids: UUID version 7, so that rows made together lie together in an index.</summary>
public sealed class IdSource(TimeProvider time)
{
    public Guid Next() => Guid.CreateVersion7(time.GetUtcNow());
}
