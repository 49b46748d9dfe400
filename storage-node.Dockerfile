# A storage node. Build from the project's root:
#   docker build -f storage-node.Dockerfile -t fileshare/storage-node .
# Run, with the settings as environment variables (docs/operations.md):
#   docker run -v /disks/1:/data -v /etc/fileshare:/etc/fileshare:ro -p 8091:8091 --env-file node.env fileshare/storage-node

FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
WORKDIR /source
# What a restore reads comes first, so that a change of code does not fetch packages again.
COPY global.json Directory.Build.props Directory.Packages.props BannedSymbols.txt .editorconfig ./
COPY build build
COPY src/Chunks/Chunks.csproj src/Chunks/packages.lock.json src/Chunks/
COPY src/Native/Native.csproj src/Native/packages.lock.json src/Native/
COPY src/BlobEngine/BlobEngine.csproj src/BlobEngine/packages.lock.json src/BlobEngine/
COPY src/Cluster/Cluster.csproj src/Cluster/packages.lock.json src/Cluster/
COPY src/StorageNode/StorageNode.csproj src/StorageNode/packages.lock.json src/StorageNode/
RUN dotnet restore src/StorageNode --locked-mode
COPY src/Chunks src/Chunks
COPY src/Native src/Native
COPY src/BlobEngine src/BlobEngine
COPY src/Cluster src/Cluster
COPY src/StorageNode src/StorageNode
# Restores once more, with what compiling ahead of time needs.
RUN dotnet publish src/StorageNode -c Release -o /app

# Ubuntu 24.04: its RocksDB is librocksdb8.9.
FROM mcr.microsoft.com/dotnet/aspnet:10.0-noble
RUN apt-get update \
    && apt-get install -y --no-install-recommends librocksdb8.9 libzstd1 libxxhash0 curl \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /app /app
# The image's own unprivileged user; the volume has to belong to it.
RUN install -d -o $APP_UID -g $APP_UID /data
USER $APP_UID
VOLUME /data
# Reachable from other machines, so it wants a certificate: Tls__CertificateFile and Tls__KeyFile, or AllowPlainHttp=true and a Listen of http.
ENV FILESHARE__Node__Data=/data \
    FILESHARE__Node__Listen=https://0.0.0.0:8091
EXPOSE 8091
# The certificate bears the public name, not that of the loopback.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD curl -fsSk -o /dev/null "${FILESHARE__Node__Listen%%:*}://127.0.0.1:${FILESHARE__Node__Listen##*:}/health/ready"
STOPSIGNAL SIGTERM
ENTRYPOINT ["/app/FileSharing.StorageNode"]
