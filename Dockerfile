# One image for each service: docker build --build-arg SERVICE=vault --tag registry.example/sallyport/vault:0.1.0 .
# Fix both bases by digest where you build for others.
ARG BUILD_BASE=docker.io/library/node:24-bookworm
# A C library and nothing else: no shell, no package manager.
ARG RUN_BASE=gcr.io/distroless/cc-debian12:nonroot

# With a compiler, for ssh2’s native addon. What it installs is the lockfile’s, the Node that runs later among it.
FROM ${BUILD_BASE} AS installed
WORKDIR /build
COPY . .
RUN npx --yes pnpm@12 install --frozen-lockfile

FROM installed AS build
ARG SERVICE
RUN node_modules/.bin/node scripts/image.ts "$SERVICE" /image \
  && cp "$(node_modules/.bin/node --print process.execPath)" /usr/local/bin/sallyport-node

FROM ${RUN_BASE}
ARG SERVICE
LABEL org.opencontainers.image.title="sallyport ${SERVICE}" org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /usr/local/bin/sallyport-node /usr/local/bin/node
# Root’s, and so nothing that the service itself could change. /app/sbom.json says what it is made of.
COPY --from=build /image /app
WORKDIR /app
ENV NODE_ENV=production
USER 65532:65532
# Which program of the image runs is for whoever starts it to say, such as services/vault/dist/main.js.
ENTRYPOINT ["/usr/local/bin/node", "--disable-sigusr1"]
