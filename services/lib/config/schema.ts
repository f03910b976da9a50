/** The keys of `godwit.yaml`: their form, their defaults, and what becomes of them (DESIGN §10). */
import { z } from "zod";
import { bounceClasses } from "#lib/bounces/bounce-class";
import { eventsSchema } from "./events-schema.ts";
import {
  count,
  field,
  name,
  portForm,
  quantity,
  span,
  tenantOrAll,
  text,
  textField,
  url,
} from "./field.ts";
import { limits, listenerLimits } from "./limits.ts";
import { cassandraSchema, natsSchema } from "./schema/cluster.ts";
import { poolsSchema, sourcesSchema } from "./schema/egress.ts";
import { pemPair, readable, type Sources, secret } from "./secret.ts";
import {
  address,
  domainPattern,
  endpoint,
  headerName,
  headerValue,
  hostname,
  network,
  nextHop,
  operatorsToken,
  passwordHash,
  port,
  routePattern,
  tokenHash,
} from "./value.ts";

const listener = z
  .strictObject({
    name,
    address: textField(address),
    port: field(port, portForm),
    kind: z.enum(["submission", "inbound", "http"]),
    trustedNetworks: z.array(textField(network)).default([]),
    localDomains: z.array(textField(domainPattern)).default([]),
    tls: z.strictObject({ implicit: z.boolean().default(false) }).prefault({}),
    proxyProtocol: z
      .strictObject({ trustedNetworks: z.array(textField(network)).min(1, "needs at least one") })
      .exactOptional(),
    auth: z.enum(["never", "underTls", "always"]).exactOptional(),
    requireTls: z.boolean().default(false),
    mayActAs: z.array(tenantOrAll).exactOptional(),
    limits: listenerLimits.prefault({}),
  })
  .transform(({ requireTls, ...rest }) => ({ ...rest, requiresTls: requireTls }));

const retry = z
  .strictObject({
    first: span("1s").prefault("5m"),
    factor: quantity(1, 10).prefault(2),
    cap: span("1s").prefault("4h"),
    // RFC 5321 §4.5.4.1: at least 4 to 5 days; less is the operator's business.
    lifetime: span("1m").prefault("5d"),
    notificationLifetime: span("1m").prefault("2d"),
    // 0s: never.
    delayNotification: span("0s").prefault("4h"),
  })
  .transform((written) => ({
    firstMs: written.first,
    factor: written.factor,
    capMs: written.cap,
    lifetimeMs: written.lifetime,
    notificationLifetimeMs: written.notificationLifetime,
    delayNotificationMs: written.delayNotification,
  }));

function deliverySchema(secrets: Sources) {
  return z
    .strictObject({
      /** Of the worker, the same after a restart. Without it: the name of the machine. */
      name: name.exactOptional(),
      retry: retry.prefault({}),
      sessionsMax: count(1, 100_000).prefault(1_000),
      tls: z.enum(["opportunistic", "required", "never"]).default("opportunistic"),
      ipv6: z.boolean().default(true),
      /** Under which its own port 25 is reached from elsewhere, beside those it listens on. */
      ownAddresses: z.array(textField(address)).default([]),
      sources: sourcesSchema(secrets),
      pools: poolsSchema,
    })
    .transform(({ ipv6, ...rest }) => ({ ...rest, useIpv6: ipv6 }));
}

/** ADR 0026. A year: what is known of a mailbox, or of a key, for longer is not worth much. */
const scheduling = z
  .strictObject({ upTo: span("0s", "366d").prefault("30d") })
  .transform(({ upTo }) => ({ upToMs: upTo }));

/** What we decided ourselves says nothing of a mailbox. */
const refusedClass = z.enum(bounceClasses).exclude(["expired", "suppressed"]);

/** ADR 0016. */
const suppression = z
  .strictObject({
    classes: z.array(refusedClass).default(["bad-mailbox", "inactive-mailbox"]),
    for: span("1m").prefault("90d"),
    scope: z.enum(["tenant", "global"]).default("tenant"),
    notify: z.boolean().default(true),
    submission: z.enum(["accept", "refuse"]).default("accept"),
  })
  .transform(({ for: forMs, notify, ...rest }) => ({ ...rest, forMs, notifies: notify }));

/** ADR 0023. */
function telemetrySchema(sources: Sources) {
  return z
    .strictObject({
      otlp: url("http:", "https:").exactOptional(),
      headers: z.record(field(headerName), secret(sources, headerValue)).prefault({}),
      interval: span("1s").prefault("60s"),
      traces: quantity(0, 1).prefault(0.01),
    })
    .transform(({ interval, ...rest }) => ({ ...rest, intervalMs: interval }));
}

/** `sources` is where secrets are read from. */
export function configSchema(sources: Sources) {
  const user = z.strictObject({
    name,
    passwordHash: secret(sources, passwordHash),
    tenant: name.exactOptional(),
    mayActAs: z.array(tenantOrAll).exactOptional(),
  });
  const token = z.strictObject({
    name,
    tokenHash: secret(sources, tokenHash),
    tenant: name,
    mayActAs: z.array(tenantOrAll).exactOptional(),
  });
  return z.strictObject({
    hostname: textField(hostname).exactOptional(),
    data: text.prefault("./data"),
    /** Without it: as many as suit the role. */
    shards: count(1, 256).exactOptional(),
    /** Of standalone, for SMTP in. Without it: one where there is a core for it. */
    edgeThreads: count(0, 1).exactOptional(),
    listeners: z.array(listener).min(1, "needs at least one listener").exactOptional(),
    limits: limits.prefault({}),
    tls: pemPair(sources).exactOptional(),
    users: z.array(user).default([]),
    /** Of those who submit by HTTP (ADR 0024). */
    tokens: z.array(token).default([]),
    routes: z
      .array(z.strictObject({ domain: textField(routePattern), nextHop: textField(nextHop) }))
      .default([]),
    /** Over the shipped one, the later over the earlier. */
    shaping: z.array(textField(readable(sources))).default([]),
    dns: z.strictObject({ servers: z.array(textField(endpoint(53))).default([]) }).prefault({}),
    delivery: deliverySchema(sources).prefault({}),
    scheduling: scheduling.prefault({}),
    suppression: suppression.prefault({}),
    control: z
      .strictObject({
        address: textField(address).prefault("127.0.0.1"),
        port: field(port, portForm).prefault(8025),
        tokenFile: text.exactOptional(),
        token: secret(sources, operatorsToken).exactOptional(),
      })
      .prefault({}),
    bounces: z
      .strictObject({ keep: span("1h").prefault("30d") })
      .prefault({})
      .transform(({ keep }) => ({ keptMs: keep })),
    log: z
      .strictObject({ level: z.enum(["debug", "info", "warn", "error"]).default("info") })
      .prefault({}),
    events: eventsSchema.prefault({}),
    nats: natsSchema(sources).exactOptional(),
    cassandra: cassandraSchema(sources).exactOptional(),
    telemetry: telemetrySchema(sources).exactOptional(),
  });
}

export type ConfigSchema = ReturnType<typeof configSchema>;
export type Written = z.output<ConfigSchema>;
