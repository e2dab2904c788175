# Công Vụ: one image for every role, in two stages. Node 26 comes from the base image; type stripping needs no build of the server.
FROM node:26-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --no-audit --no-fund

FROM node:26-slim
ENV NODE_ENV=production \
    NODE_COMPILE_CACHE=/tmp/node-compile-cache \
    CONGVU_SERVER__DATA_DIRECTORY=/var/lib/congvu \
    CONGVU_HTTP__HOST=0.0.0.0 \
    CONGVU_SECURITY__ALLOW_ACTIVE_ACCOUNTS=false
WORKDIR /app
RUN groupadd --system --gid 10001 congvu \
 && useradd --system --uid 10001 --gid congvu --home-dir /var/lib/congvu --shell /usr/sbin/nologin congvu \
 && install -d -o congvu -g congvu -m 0700 /var/lib/congvu /var/lib/congvu/dkim
COPY --from=packages /app/node_modules ./node_modules
COPY package.json LICENSE README.md ./
COPY bin ./bin
COPY scripts/launch.mjs ./scripts/
COPY config ./config
COPY src ./src
USER congvu
VOLUME /var/lib/congvu
EXPOSE 2525 2587 2465 2143 2993 8080 8443
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:8080/readyz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "bin/congvu.mjs"]
CMD ["serve"]
