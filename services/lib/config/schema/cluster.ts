/** The keys of `godwit.yaml` about the servers that a cluster stands on: `nats` and `cassandra`. */
import { z } from "zod";
import { bytes, count, field, name, text, textField, url } from "../field.ts";
import { certificates, keyPair, type Sources, secret, secretForm } from "../secret.ts";
import { bad, hostEndpoint, hostname, ok, quote, type ValueParser } from "../value.ts";

/** Reserved by JetStream on each server that has a replica: all shards together must fit. */
const streamSizes = {
  shardBytesMax: bytes("1MiB").prefault("1GiB"),
  splitBytesMax: bytes("1MiB").prefault("1GiB"),
  bodyBytesMax: bytes("1MiB").prefault("8GiB"),
  journalBytesMax: bytes("1MiB").prefault("8GiB"),
  keysBytesMax: bytes("1MiB").prefault("512MiB"),
  /** Only where events are wanted there. */
  eventsBytesMax: bytes("1MiB").prefault("4GiB"),
};

export function natsSchema(sources: Sources) {
  const schema = z.strictObject({
    servers: z.array(url("nats:", "tls:")).min(1, "needs at least one server"),
    replicas: z.union([z.literal(1), z.literal(3), z.literal(5)]).default(3),
    /** Before the names of all streams, buckets and subjects: several clusters on the same servers. */
    namespace: textField(namespace).prefault(""),
    user: text.exactOptional(),
    password: secret(sources, secretText).exactOptional(),
    token: secret(sources, secretText).exactOptional(),
    credentials: secret(sources, credentials).exactOptional(),
    tls: tlsSchema(sources).exactOptional(),
    ...streamSizes,
  });
  return schema.superRefine(({ user, password, token, credentials }, context) => {
    const ways = [user ?? password, token, credentials].filter((way) => way !== undefined);
    const fault =
      ways.length > 1
        ? "has several of user, token and credentials: one is shown to the servers"
        : password !== undefined && user === undefined
          ? "has a password and no user"
          : undefined;
    if (fault !== undefined) context.addIssue({ code: "custom", message: fault });
  });
}

export function cassandraSchema(sources: Sources) {
  return z.strictObject({
    contactPoints: z.array(textField(hostEndpoint(9042))).min(1, "needs at least one address"),
    localDataCenter: text,
    keyspace: textField(keyspace).prefault("godwit"),
    username: text.exactOptional(),
    password: secret(sources, secretText).exactOptional(),
    /** Copies of each row: in the local data centre, or by data centre. Used by `schema apply`. */
    replication: z
      .union([count(1, 9), z.record(name, count(1, 9))], { error: replicationFault })
      .prefault(3),
    tls: tlsSchema(sources).exactOptional(),
  });
}

const replicationFault = "is neither a number of copies nor one for each data centre, such as 3";

/** What the servers' certificates are checked with, and the one that we show. */
function tlsSchema(sources: Sources) {
  const own = keyPair(sources);
  return z
    .strictObject({
      ca: field(certificates(sources), secretForm).exactOptional(),
      /** What all certificates are for, where servers are reached by other names or by addresses. */
      serverName: textField<string>(hostname).exactOptional(),
      certificate: own.certificate.exactOptional(),
      privateKey: own.privateKey.exactOptional(),
    })
    .superRefine(({ certificate, privateKey }, context) => {
      if ((certificate === undefined) === (privateKey === undefined)) return;
      const message = "needs both a certificate and its privateKey, or neither";
      context.addIssue({ code: "custom", message });
    });
}

const namespace: ValueParser<string> = (value) =>
  typeof value === "string" && /^([A-Za-z0-9][A-Za-z0-9_-]{0,31})?$/.test(value)
    ? ok(value)
    : bad(`${quote(value)} is no namespace`, "letters, digits, _ and -, at most 32");

const keyspace: ValueParser<string> = (value) =>
  typeof value === "string" && /^[a-z][a-z0-9_]{0,47}$/.test(value)
    ? ok(value)
    : bad(`${quote(value)} is no keyspace`, "small letters, digits and _, at most 48");

/** Secrets are never repeated in a message. */
const secretText: ValueParser<string> = (value) =>
  typeof value === "string" && value !== ""
    ? ok(value)
    : bad("is no text", "in quotes, or { file: … } or { env: … }");

const credentials: ValueParser<string> = (value) =>
  typeof value === "string" && value.includes("BEGIN NATS USER JWT")
    ? ok(value)
    : bad("holds no NATS credentials", "{ file: … } with what nsc made for the user");
