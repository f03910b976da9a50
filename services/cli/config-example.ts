/**
 * What `godwit config example` prints. What it sets is the default, but for names; a line that
 * begins with `#` and no blank is a key one may set, with its default where it has one.
 */
export const exampleConfiguration = `# Godwit. Check a change with: godwit config check
# SIGHUP reloads certificates, users, routes, shaping, limits and what listeners demand; the rest
# needs a restart.
# A secret may stand elsewhere: { file: path } or { env: VARIABLE }.
# Paths are relative to the folder of this file.

# Our name for other servers: in the greeting, in EHLO and in Received. It should have an address in
# the DNS, and that address should have this name. Default: the name of the machine.
hostname: mta1.example.net

# Queue, control token and self-signed certificate.
data: ./data

# submission: mail from our users (and trustedNetworks) to anybody, usually on ports 587 and 465.
# inbound: mail from anybody to localDomains, usually on port 25.
# http: mail from applications to anybody, for who shows one of tokens. /v1/openapi.json tells how.
# Addresses beyond loopback: 0.0.0.0 for all IPv4, "::" for all.
listeners:
  - name: submission
    address: 127.0.0.1
    port: 2587
    kind: submission
    trustedNetworks: [127.0.0.0/8, "::1/128"]   # these need no password
    #auth: underTls                             # never, underTls or always
    #requireTls: false                          # no mail without TLS
    #mayActAs: ["*"]                            # whom they may name in X-Godwit-Tenant
    # Load balancers, which say whose connection it is:
    #proxyProtocol: { trustedNetworks: [10.0.0.0/24] }
    #limits: { messageSizeMax: 25MiB }          # as below, for this listener alone
  - name: submissions
    address: 127.0.0.1
    port: 2465
    kind: submission
    trustedNetworks: [127.0.0.0/8, "::1/128"]
    tls: { implicit: true }
  - name: inbound
    address: 127.0.0.1
    port: 2525
    kind: inbound
    localDomains: [example.net]                 # "*.example.net" for those below

  #- { name: http, address: 127.0.0.1, port: 2580, kind: http, tls: { implicit: true } }

# Default: a self-signed pair, made in data.
#tls: { certificate: tls.crt, privateKey: tls.key }

# Those who may submit from anywhere. A hash is made with: godwit user hash
# mayActAs: further tenants that X-Godwit-Tenant may name, ["*"] for all.
users: []
#users:
#  - { name: alice, passwordHash: { file: alice.hash }, tenant: acme, mayActAs: [blue] }

# Those who may submit by HTTP. Token and hash are made with: godwit token make
tokens: []
#tokens:
#  - { name: shop, tokenHash: { file: shop.hash }, tenant: acme, mayActAs: [blue] }

# Where mail for a domain goes; without a route by MX. The most specific one counts.
routes: []
#routes:
#  - { domain: example.net, nextHop: "lmtp://127.0.0.1:2424" }
#  - { domain: "*.partner.example", nextHop: "smtp://relay.partner.example:25" }
#  - { domain: "*", nextHop: "smtp://127.0.0.1:2526" }

# Default: the servers of /etc/resolv.conf.
#dns: { servers: ["127.0.0.1:53"] }

# Limits for mailbox providers, domains, sources, tenants and campaigns, and rules on replies: files
# over what Godwit brings along (godwit shaping defaults). Check a change with: godwit shaping check
#shaping: [shaping.yaml]

delivery:
  #name: worker-1              # of a cluster's worker; default: the name of the machine
  retry:
    first: 5m                  # after the first failure; each further pause is longer
    factor: 2                  # … by this,
    cap: 4h                    # … up to this
    lifetime: 5d               # then the sender is notified that it failed
    notificationLifetime: 2d   # the same for notifications themselves
    delayNotification: 4h      # tell the sender that it is late; 0s: never
  sessionsMax: 1000
  tls: opportunistic           # required or never
  ipv6: true
#  ownAddresses: [203.0.113.5]  # of ours that no listener has: behind NAT, of a load balancer
#  sources:                     # from where mail goes out
#    - { name: ip1, address: 192.0.2.1, hostname: mta1.example.net }
#    - name: far
#      address: 198.51.100.7
#      proxy: { kind: proxyProtocol, address: 10.0.0.9, port: 5000 }
#    - name: tunnel
#      proxy: { kind: socks5, address: 10.0.0.9, port: 1080, user: me, password: { file: socks } }
#  pools:                       # the first that is for it, or the one that X-Godwit-Pool names
#    - name: bulk
#      sources: { ip1: 3, far: 1 }
#      for: [{ tenant: acme }, { destination: example.com }]
#    - { name: rest, sources: { ip1: 1 }, for: [{}] }

# Mail that its sender wants sent at a later time: MAIL with HOLDFOR or HOLDUNTIL (RFC 4865).
scheduling:
  upTo: 30d                    # how far ahead; 0s: not at all

# Nothing more is sent to an address after a bounce of one of these classes.
# By hand: godwit suppression
suppression:
  classes: [bad-mailbox, inactive-mailbox]   # []: none
  for: 90d
  scope: tenant                # of the mail that bounced; global: everybody's
  notify: true                 # tell senders of recipients to whom nothing was sent
  submission: accept           # standalone may refuse them at RCPT, with 550: refuse

# How long it is known what could not be delivered, and why: godwit bounces.
bounces:
  keep: 30d

# Operators' API, /livez, /readyz and /metrics.
control:
  address: 127.0.0.1
  port: 8025
  #tokenFile: data/control.token
  #token: { env: GODWIT_TOKEN }   # instead of the file: the same on all nodes of a cluster

log: { level: info }           # debug, info, warn or error

# What became of each recipient, for other systems: JSON lines, compressed when a file is finished.
# deploy/events.md describes them; to watch: godwit events follow
events:
  file:
    #folder: data/events
    rotate: { size: 256MiB, age: 1h }
    keep: { size: 4GiB, age: 7d }
  #kinds: [bounce, expiration, admin]   # default: all; []: none

# An OpenTelemetry collector: metrics, and traces of this share of the messages. ADR 0023.
#telemetry:
#  otlp: "http://127.0.0.1:4318"   # /v1/metrics and /v1/traces below it
#  traces: 0.01                # 0: none, 1: of all
#  interval: 60s               # between two posts of metrics
#  headers: { authorization: { file: otlp.header } }

#limits:
#  messageSizeMax: 25MiB
#  recipientsMax: 1000          # of a transaction
#  commandLineMax: 2048
#  authLineMax: 12288
#  errorsSoftMax: 10            # from then on each error costs errorDelay
#  errorsHardMax: 20            # then the session ends
#  errorDelay: 1s
#  receivedFieldsMax: 50        # beyond it is a loop
#  sessionsMax: 10000
#  sessionsPerAddressMax: 100
#  contentBytesMax: 256MiB      # in memory, of all sessions together
#  idle: 5m
#  stressedIdle: 10s            # when nearly all sessions are taken
#  handshake: 30s
#  proxyHeader: 5s              # for the header of the PROXY protocol
#  requestsMax: 1000            # of HTTP, at once
#  requestsPerTokenMax: 100
#  stop: 30s                    # for running transactions when Godwit stops

# Threads that take mail in, beside the one that sends it: 1, or 0 for one thread that does both.
# Default: 1 on a machine with three cores or more. Standalone only; 0 with suppression.submission:
# refuse.
#edgeThreads: 1

# Parts of the queue; chosen once, before the first start. A cluster has 32 without this key.
#shards: 4
`;

/** What `godwit config example --cluster` prints behind it. */
export const clusterExample = `
# For edge, delivery and control; the same file may serve all of them.
# A change of streams, tables, sizes or copies is made by: godwit schema apply

nats:
  servers: ["nats://127.0.0.1:4222", "nats://127.0.0.1:4223", "nats://127.0.0.1:4224"]
  replicas: 3                  # copies of each message; 1, 3 or 5
  #namespace: ""               # sets this cluster apart from others on the same servers
  #user: godwit                # or token, or credentials
  #password: { env: NATS_PASSWORD }
  #tls: { ca: ca.crt, certificate: nats.crt, privateKey: nats.key }
  # serverName beside them: whom all certificates are for, if not for the names above
  # JetStream reserves these on each server with a copy: all shards together must fit.
  #shardBytesMax: 1GiB         # of each shard
  #splitBytesMax: 1GiB         # messages to several domains on their way to their shards
  #bodyBytesMax: 8GiB          # large content
  #journalBytesMax: 8GiB       # what became of messages, for three days
  #keysBytesMax: 512MiB        # idempotency keys of HTTP submission with their answers, for a day
  #eventsBytesMax: 4GiB        # events for other systems, for three days, if events.stream is set

cassandra:
  contactPoints: ["127.0.0.1:9042"]
  localDataCenter: datacenter1
  keyspace: godwit
  replication: 3               # copies in localDataCenter, or { dc1: 3, dc2: 3 }
  #username: godwit
  #password: { env: CASSANDRA_PASSWORD }
  #tls: { ca: ca.crt, certificate: cassandra.crt, privateKey: cassandra.key }
  # serverName beside them: whom all certificates are for, if not for each node's address
`;
