# syntax=docker/dockerfile:1
# Two images: `docker build --target manager -t agentrun .` (api, worker, migrate) and `docker build --target runner -t agentrun-runner .`,
# the same with what runners need on top. `npm run image` makes both without Docker; what is where in them is the same.

# What the tests run on.
ARG NODE_IMAGE=node:20.20-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
RUN --mount=type=cache,target=/root/.npm npm ci
COPY . .
# /opt/agentrun with production packages alone, its bill of materials, and the command.
RUN npm run build && node dist/scripts/image.js --root /image

FROM ${NODE_IMAGE} AS manager
RUN groupmod --new-name agent node && usermod --login agent --home /home/agent --move-home node \
    && install -d -o agent -g agent /var/lib/agentrun
COPY --from=build /image/ /
ARG SOURCE_COMMIT=unknown
LABEL org.opencontainers.image.title="AgentRun" org.opencontainers.image.revision="${SOURCE_COMMIT}"
ENV NODE_ENV=production \
    HOME=/home/agent \
    AGENTRUN_HOST=0.0.0.0 \
    AGENTRUN_DATA_DIR=/var/lib/agentrun \
    AGENTRUN_SOURCE_COMMIT=${SOURCE_COMMIT}
WORKDIR /var/lib/agentrun
USER 1000:1000
ENTRYPOINT ["agentrun"]
CMD ["api"]

FROM manager AS runner
USER 0:0
RUN apt-get update \
    && apt-get install -y --no-install-recommends bash ca-certificates git openssh-client \
    && rm -rf /var/lib/apt/lists/*
# Where runners look for programs of agents.
ENV AGENTRUN_CACHE_DIR=/opt/agentrun-programs
RUN agentrun backend install codex && rm -rf "$HOME/.npm"
USER 1000:1000
