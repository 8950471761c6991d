# ldlm-server as process 1, unprivileged:
#
#   docker build -t ldlm-ts .
#   docker run --init -p 3144:3144 ldlm-ts --shutdown_grace 8s
#
# Options come as flags behind the image's name, as LDLM_* variables, or in a file that LDLM_CONFIG_FILE names. To keep
# locks over restarts: -v ldlm:/var/lib/ldlm -e LDLM_STATE_FILE=/var/lib/ldlm/state. Give `docker stop` more time than
# --shutdown_grace (it gives 10 s). The server starts no processes. What is orphaned by `docker exec` stays a zombie until
# the container ends, unless it runs with --init.

FROM node:24-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci
COPY . .
RUN npm run build

FROM node:24-slim AS dependencies
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --omit=dev

FROM node:24-slim
ENV NODE_ENV=production
ENV LDLM_LISTEN_ADDRESS=0.0.0.0:3144
ENV LDLM_IPC_SOCKET_FILE=/tmp/ldlm-ipc.sock
WORKDIR /opt/ldlm
COPY --from=dependencies /build/node_modules ./node_modules
COPY --from=build /build/dist/src ./dist/src
COPY --from=build /build/dist/workers ./dist/workers
COPY --from=build /build/protos ./protos
COPY --from=build /build/package.json ./package.json
COPY --from=build /build/LICENSE ./LICENSE
# A new volume takes over the owner of what it covers.
RUN install -d -o node -g node /var/lib/ldlm
# The user `node` of the image, by number, so that orchestrators see that it is not root.
USER 1000:1000
EXPOSE 3144
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 \
  CMD ["node", "/opt/ldlm/dist/src/cli/ldlm-health.js"]
ENTRYPOINT ["node", "/opt/ldlm/dist/src/cli/ldlm-server.js"]
