# An image with one program and a user that owns nothing but the register.
#
#   docker build --tag muster .
#   docker run --detach --name muster --publish 127.0.0.1:8080:8080 \
#     --volume muster:/var/lib/muster --env MUSTER_CLOUD=global muster

FROM rust:1.89-slim-bookworm AS build
WORKDIR /src
COPY Cargo.toml Cargo.lock ./
COPY crates crates
COPY fuzz fuzz
COPY testbed testbed
RUN cargo build --release --locked --package muster \
 && strip target/release/muster

# Nothing of it is used but the C library: the root certificates that authorities are held against are
# in the program, and those of a database are given by sslrootcert.
FROM debian:bookworm-slim
RUN install --directory --mode=0700 --owner=10001 --group=10001 /var/lib/muster
COPY --from=build /src/target/release/muster /usr/bin/muster
ENV MUSTER_DATA=/var/lib/muster \
    MUSTER_LISTEN=0.0.0.0:8080 \
    MUSTER_METRICS_LISTEN=0.0.0.0:9464 \
    MUSTER_LOG_FORMAT=json
USER 10001:10001
VOLUME /var/lib/muster
EXPOSE 8080 9464
ENTRYPOINT ["/usr/bin/muster"]
CMD ["serve"]
