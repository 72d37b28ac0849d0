# One file of JavaScript on a plain Node.js, and one native library: nothing to install, nothing to write to at run time.

FROM node:26-bookworm-slim AS build
WORKDIR /build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libcap2-bin \
    && rm -rf /var/lib/apt/lists/*
# Dependencies have their own layer: it is built anew only when the lock file changes.
COPY package.json package-lock.json ./
COPY .node .node
RUN npm ci
COPY rolldown.config.ts tsconfig.json ./
COPY src src
RUN npm run build \
    && rm -rf node_modules/@koromix/*/musl_* \
    && sed -i '1s|.*|#!/usr/local/bin/node|' dist/frontdesk.js \
    && echo '{ "type": "module" }' > dist/package.json \
    && chmod 755 dist/frontdesk.js
# Port 53 for a user that is not root. Newer runtimes open low ports to everybody inside a container (sysctl
# net.ipv4.ip_unprivileged_port_start=0), older ones do not, so the program file carries the capability. With
# allowPrivilegeEscalation: false the kernel lets a file give only what the process already holds (no_new_privs), which
# it does when the Pod adds NET_BIND_SERVICE. A container that drops ALL and adds nothing cannot start this file.
RUN setcap cap_net_bind_service=+ep /usr/local/bin/node

# For DNS alone: `docker build --target dns`. Nothing in it but the program, and a user without rights.
FROM node:26-bookworm-slim AS dns
COPY --from=build /usr/local/bin/node /usr/local/bin/node
COPY --from=build /build/dist /app
# koffi's binary for this architecture, for batched UDP and for announcing addresses; the program works without.
COPY --from=build /build/node_modules/@koromix /app/node_modules/@koromix
COPY LICENSE /app/LICENSE
# CoreDNS's image starts /coredns: a Deployment made for it runs this one with the arguments it has. The first line of the
# program names the runtime itself, not `env`: a second exec would lose the capability on the way.
RUN ln -s /app/frontdesk.js /coredns && ln -s /app/frontdesk.js /bin/frontdesk
# The heap follows the container's memory limit (60 % of it), and young objects are collected often rather than held:
# without the two, the garbage of the first lists alone would reach the 170Mi of the Deployment. What is large goes back
# to the system as soon as it is freed.
ENV NODE_ENV=production NODE_OPTIONS="--max-old-space-size-percentage=60 --max-semi-space-size=2" \
    MALLOC_MMAP_THRESHOLD_=131072 NODE_COMPILE_CACHE=/app/compiled
RUN install -d -o 65532 -g 65532 /app/compiled
# A number, so that `runAsNonRoot` can be checked without reading /etc/passwd.
USER 65532:65532
# Reading the program is half of what a start without a cluster takes: it is kept as the runtime has read it. Each user has
# a cache of his own, and one who finds none reads the program.
RUN /app/frontdesk.js dns -plugins > /dev/null
EXPOSE 53/udp 53/tcp 8080/tcp 8181/tcp 9153/tcp
ENTRYPOINT ["/coredns"]

# For both. kube-proxy's DaemonSet names no user, and what it does takes root: so this image is root's, as kube-proxy's is.
# A Deployment that drops all capabilities but NET_BIND_SERVICE, as CoreDNS's does, leaves root nothing else either.
FROM dns
USER 0:0
# nft and conntrack do the work, ip holds addresses; iptables and its kin take away what an earlier kube-proxy left.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends conntrack iproute2 ipset iptables ipvsadm nftables \
    && rm -rf /var/lib/apt/lists/* \
    && /app/frontdesk.js dns -plugins > /dev/null \
    && ln -s /app/frontdesk.js /usr/local/bin/kube-proxy
