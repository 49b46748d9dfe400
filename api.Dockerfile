# The API. Build from the project's root:
#   docker build -f api.Dockerfile -t fileshare/api .
# Run, with the settings as environment variables (docs/operations.md); deploy/compose.yaml is an example:
#   docker run -v /etc/fileshare:/etc/fileshare:ro -v /srv/fileshare/api:/data -p 8080:8080 --env-file api.env fileshare/api

FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
WORKDIR /source
# What a restore reads comes first, so that a change of code does not fetch packages again.
COPY global.json Directory.Build.props Directory.Packages.props BannedSymbols.txt .editorconfig ./
COPY build build
COPY src/Chunks/Chunks.csproj src/Chunks/packages.lock.json src/Chunks/
COPY src/Cluster/Cluster.csproj src/Cluster/packages.lock.json src/Cluster/
COPY src/Metadata/Metadata.csproj src/Metadata/packages.lock.json src/Metadata/
COPY src/Api/Api.csproj src/Api/packages.lock.json src/Api/
RUN dotnet restore src/Api --locked-mode
COPY src/Chunks src/Chunks
COPY src/Cluster src/Cluster
COPY src/Metadata src/Metadata
COPY src/Api src/Api
# Restores once more, with what compiling ahead of time needs.
RUN dotnet publish src/Api -c Release -o /app

FROM mcr.microsoft.com/dotnet/aspnet:10.0-noble
RUN apt-get update \
    && apt-get install -y --no-install-recommends curl \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /app /app
# The image's own unprivileged user. Nothing but the administrator's first password is written to the volume.
RUN install -d -o $APP_UID -g $APP_UID /data
USER $APP_UID
VOLUME /data
# Reachable from other machines, so it wants a certificate: Tls__CertificateFile and Tls__KeyFile, or AllowPlainHttp=true and a Listen of http.
ENV FILESHARE__Api__AdminPasswordFile=/data/admin-password \
    FILESHARE__Api__Listen=https://0.0.0.0:8080
EXPOSE 8080
# The certificate bears the public name, not that of the loopback.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD curl -fsSk -o /dev/null "${FILESHARE__Api__Listen%%:*}://127.0.0.1:${FILESHARE__Api__Listen##*:}/health/live"
STOPSIGNAL SIGTERM
ENTRYPOINT ["/app/FileSharing.Api"]
