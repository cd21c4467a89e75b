# syntax=docker/dockerfile:1

# One static binary in an image that holds nothing else, run by a user who owns nothing but /data.

FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
COPY internal/nosqlite3 internal/nosqlite3
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags='-s -w' -o /out/silentrenew . \
    && mkdir -p /out/data /out/tmp

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build --chown=65532:65532 /out/tmp /tmp
COPY --from=build --chown=65532:65532 /out/data /data
COPY --from=build /out/silentrenew /silentrenew

# Inside a container every address is listened on; who may come is decided where its ports are published.
# Browsers still say localhost. Publish other ports, and you must say so: SILENTRENEW_SPA_URL and its two sisters.
ENV SILENTRENEW_DB=/data/silentrenew.db \
    SILENTRENEW_SPA_ADDR=0.0.0.0:4200 \
    SILENTRENEW_IDP_ADDR=0.0.0.0:5005 \
    SILENTRENEW_API_ADDR=0.0.0.0:5001
USER 65532:65532
WORKDIR /data
VOLUME /data
EXPOSE 4200 5005 5001
ENTRYPOINT ["/silentrenew"]
