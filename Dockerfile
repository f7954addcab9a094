# syntax=docker/dockerfile:1
# The one binary on a base without a shell, for Kubernetes and the DAG's pods:
#   docker build -t nayose .                          (an hour or more: 640 crates are compiled for release)
#   docker build -t nayose --build-arg PROFILE=dev .  (the profile of `make run`: quicker to build, a little slower to run)
#   docker run --rm --user "$(id -u)" -v "$PWD:/data" -w /data nayose run pipelines/retail/pipeline.yaml --lake lake
FROM rust:1.95-slim-bookworm AS build
WORKDIR /src
COPY . .
ARG PROFILE=release
# Downloads and compiled crates stay in the builder's cache, so that a second build compiles nayose only.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/cache \
    CARGO_TARGET_DIR=/cache cargo install --locked --features cluster --path . --root /out --profile "$PROFILE" \
    && strip /out/bin/nayose

FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /out/bin/nayose /usr/local/bin/nayose
COPY --from=build /src/pipelines /pipelines
COPY --from=build /src/LICENSE /src/crates/nayose-japanese/data/*.md /src/crates/nayose-sample/data/README.md /usr/share/doc/nayose/
# Credentials come with the container's environment; none is in the image.
USER 65532:65532
ENTRYPOINT ["nayose"]
CMD ["help"]
