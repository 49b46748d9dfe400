namespace FileSharing.Client;

/// <summary>Adds the progress of several transfers up into one. Safe from any thread.</summary>
public sealed class ProgressSum(IProgress<TransferProgress>? sink)
{
    private readonly Lock gate = new();
    private TransferProgress sum;

    /// <summary>The progress of one more transfer.</summary>
    public IProgress<TransferProgress>? Part() => sink is null ? null : new Summand(this, sink);

    private sealed class Summand(ProgressSum owner, IProgress<TransferProgress> sink) : IProgress<TransferProgress>
    {
        private TransferProgress last;

        public void Report(TransferProgress value)
        {
            lock (owner.gate)
            {
                owner.sum = new TransferProgress(
                    owner.sum.BytesDone + value.BytesDone - last.BytesDone,
                    owner.sum.BytesMoved + value.BytesMoved - last.BytesMoved,
                    owner.sum.BytesTotal + value.BytesTotal - last.BytesTotal,
                    owner.sum.FilesDone + value.FilesDone - last.FilesDone,
                    owner.sum.FilesTotal + value.FilesTotal - last.FilesTotal
                );
                last = value;
                sink.Report(owner.sum);
            }
        }
    }
}
