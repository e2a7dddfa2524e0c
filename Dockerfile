# Two small images from one build: docker build --target imagestore . and --target imagecompress .
FROM rust:1.95-bookworm AS builder
RUN apt-get update && apt-get install -y --no-install-recommends cmake nasm && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN cargo build --release --locked -p imagestore -p imagecompress
RUN mkdir -p /out && cp "${CARGO_TARGET_DIR:-target}/release/imagestore" "${CARGO_TARGET_DIR:-target}/release/imagecompress" /out/

FROM debian:12-slim AS runtime
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates libstdc++6 && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin images \
    && mkdir /data && chown 10001:10001 /data
USER 10001:10001
WORKDIR /tmp

FROM runtime AS imagestore
COPY --from=builder /out/imagestore /usr/local/bin/imagestore
ENV IMAGESTORE__HTTP__BIND=0.0.0.0:8000 IMAGESTORE__HTTP__ALLOW_PUBLIC_BIND=true IMAGESTORE__GRPC__BINDS=0.0.0.0:8081 IMAGESTORE__DATA_DIR=/data
VOLUME /data
EXPOSE 8000 8081
HEALTHCHECK --interval=5s --timeout=6s --start-period=10s CMD ["imagestore", "health"]
ENTRYPOINT ["imagestore"]

FROM runtime AS imagecompress
COPY --from=builder /out/imagecompress /usr/local/bin/imagecompress
ENV IMAGECOMPRESS__HTTP__BIND=0.0.0.0:9000 IMAGECOMPRESS__HTTP__ALLOW_PUBLIC_BIND=true
EXPOSE 9000
HEALTHCHECK --interval=5s --timeout=6s --start-period=10s CMD ["imagecompress", "health"]
ENTRYPOINT ["imagecompress"]
