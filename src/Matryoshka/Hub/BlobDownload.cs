using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;

namespace Matryoshka.Hub;

/// <summary>
/// Receives one file into <c>blobs</c>: into <c>CHECKSUM.incomplete</c>, resumed where an earlier try broke off, renamed only
/// after size and checksum were found right. A file under its checksum is therefore whole, whatever was killed when.
/// </summary>
internal sealed class BlobDownload(HubApi api, HubCache cache, HubOptions options, string repository, string commit, string path, HubFile file, IProgress<PullProgress>? progress)
{
    private const int BufferBytes = 1 << 17;
    private readonly string incomplete = cache.Blob(file.Checksum) + ".incomplete";
    private long received;

    /// <summary>Makes sure the blob is there.</summary>
    /// <returns>Bytes received.</returns>
    public async Task<long> RunAsync(CancellationToken cancellationToken)
    {
        var held = await cache.LockAsync(file.Checksum, cancellationToken).ConfigureAwait(false);
        await using var closing = held.ConfigureAwait(false);
        if (new FileInfo(cache.Blob(file.Checksum)) is { Exists: true } whole && whole.Length == file.Size)
            return 0;
        await ReceiveAsync(cancellationToken).ConfigureAwait(false);
        if (!await IsRightAsync(cancellationToken).ConfigureAwait(false))
        {
            // What was resumed may have been damaged or of another writer: once more, from the first byte.
            File.Delete(incomplete);
            await ReceiveAsync(cancellationToken).ConfigureAwait(false);
            if (!await IsRightAsync(cancellationToken).ConfigureAwait(false))
            {
                File.Delete(incomplete);
                throw new HubException($"'{path}' of '{repository}' arrived twice with another checksum than {options.Endpoint} promised ({file.Checksum}); it was not kept. A proxy may change downloads.");
            }
        }
        File.Move(incomplete, cache.Blob(file.Checksum), overwrite: true);
        return received;
    }

    private async Task ReceiveAsync(CancellationToken cancellationToken)
    {
        var stream = new FileStream(incomplete, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0, useAsync: true);
        await using var closing = stream.ConfigureAwait(false);
        if (stream.Length > file.Size)
            stream.SetLength(0);
        await Retry.RunAsync(options, async () =>
        {
            if (stream.Length < file.Size)
                await ReceiveRestAsync(stream, cancellationToken).ConfigureAwait(false);
            if (stream.Length < file.Size)
                throw new IOException($"the connection ended after {stream.Length} of {file.Size} bytes");
            return true;
        }, $"'{path}' of '{repository}'", cancellationToken).ConfigureAwait(false);
        stream.Flush(flushToDisk: true);
    }

    private async Task ReceiveRestAsync(FileStream stream, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(options.Patience);
        using var response = await api.OpenAsync(repository, commit, path, stream.Length, patience.Token).ConfigureAwait(false);
        if (response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable)
        {
            stream.SetLength(0);
            throw new IOException("the hub does not know the rest of the file");
        }
        Retry.ThrowIfPassing(response);
        api.Require(response, $"'{path}' of '{repository}'");
        // A server may answer a range with the whole file, or with another range.
        if (response.StatusCode != HttpStatusCode.PartialContent || response.Content.Headers.ContentRange?.From != stream.Length)
        {
            if (response.StatusCode == HttpStatusCode.PartialContent)
                throw new IOException("the hub sent another range than was asked for");
            stream.SetLength(0);
        }
        await CopyAsync(response, stream, patience, cancellationToken).ConfigureAwait(false);
    }

    private async Task CopyAsync(HttpResponseMessage response, FileStream stream, CancellationTokenSource patience, CancellationToken cancellationToken)
    {
        var body = await response.Content.ReadAsStreamAsync(patience.Token).ConfigureAwait(false);
        await using var closing = body.ConfigureAwait(false);
        stream.Seek(0, SeekOrigin.End);
        var buffer = new byte[BufferBytes];
        while (true)
        {
            patience.CancelAfter(options.Patience);
            var read = await body.ReadAsync(buffer, patience.Token).ConfigureAwait(false);
            if (read == 0)
                return;
            if (stream.Length + read > file.Size)
            {
                stream.SetLength(0);
                throw new HubException($"'{path}' of '{repository}' is longer than the {file.Size} bytes that {options.Endpoint} promised; it was not kept.");
            }
            await stream.WriteAsync(buffer.AsMemory(0, read), cancellationToken).ConfigureAwait(false);
            received += read;
            progress?.Report(new PullProgress(path, stream.Length, file.Size));
        }
    }

    private async Task<bool> IsRightAsync(CancellationToken cancellationToken)
    {
        var stream = File.OpenRead(incomplete);
        await using var closing = stream.ConfigureAwait(false);
        if (stream.Length != file.Size)
            return false;
        using var hash = Hash();
        var buffer = new byte[BufferBytes];
        for (int read; (read = await stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0;)
            hash.AppendData(buffer.AsSpan(0, read));
        return Convert.ToHexStringLower(hash.GetHashAndReset()) == file.Checksum;
    }

    // 64 digits are a SHA-256 of the content. 40 are Git's name of a blob: SHA-1 over a header and the content; it is
    // all that the hub tells of a small file.
    private IncrementalHash Hash()
    {
        if (file.Checksum.Length == 64)
            return IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
        hash.AppendData(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"blob {file.Size}\0")));
        return hash;
    }
}
