/**
 * What each role may do in NATS, and no more: publish and subscribe permissions of its user, for the
 * servers' configuration. A test runs every role under them on a real server.
 */
import { allShards } from "#lib/queue/shard";
import { bucketStream, type ClusterNames, inboxPrefix, keySubject } from "#proto/subjects";

export type NatsRole = "edge" | "delivery" | "control";
export const natsRoles: readonly NatsRole[] = ["edge", "delivery", "control"];

export interface Permissions {
  /** Subjects, with wildcards. */
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
  /** Answers whoever asks it, for this many messages: an answer may have parts. */
  readonly responsesMax: number;
}

export function natsUser(role: NatsRole): string {
  return `godwit-${role}`;
}

const responsesMax = 10_000;
const api = "$JS.API";
/** Requests of whoever reads a stream in order, with a consumer of its own. */
const readingVerbs = ["CREATE", "MSG.NEXT", "DELETE", "INFO"] as const;

export function permissionsOf(
  role: NatsRole,
  { names, shards }: { readonly names: ClusterNames; readonly shards: number },
): Permissions {
  const { workers, shards: leases, once, stats, keys } = names.buckets;
  const logs = allShards(shards).map(names.shardStream);
  const all = [
    ...[...logs, names.splitStream, names.bodyStream, names.journalStream, names.eventsStream],
    ...[workers, leases, once, stats, keys].map(bucketStream),
  ];
  // Joining, readiness, who owns what; the operators' API, which every role serves.
  const common = [
    `${api}.STREAM.LIST`,
    ...all.map((stream) => `${api}.STREAM.INFO.${stream}`),
    ...[workers, leases].map(bucketStream).flatMap(reading),
    ...[workers, leases, stats].map(bucketStream).flatMap(lookingUp),
    ...reading(names.journalStream),
    ...lookingUp(names.journalStream),
    `${api}.CONSUMER.INFO.${names.splitStream}.${names.splitConsumer}`,
    // Marks, by which a reader sees that it has heard everything: keys of one token, members have two.
    keySubject(workers, "*"),
    names.journalMarks,
    names.controlFilter,
    names.eventsFilter,
  ];
  const inbox = [`${inboxPrefix(natsUser(role))}.>`];
  if (role === "control") {
    // For `godwit events follow`, which an operator runs beside it.
    const following = reading(names.eventsStream);
    return { publish: [...common, ...following], subscribe: inbox, responsesMax: 0 };
  }
  const accepting = [
    ...allShards(shards).flatMap((shard) => [
      names.laneFilter(shard, "h"),
      names.laneFilter(shard, "n"),
    ]),
    names.splitSubject,
    names.bodyFilter,
  ];
  if (role === "edge") {
    // Claimed, answered and read by edges alone, from the leader.
    const submitting = [keySubject(keys, ">"), `${api}.STREAM.MSG.GET.${bucketStream(keys)}`];
    return { publish: [...common, ...accepting, ...submitting], subscribe: inbox, responsesMax: 0 };
  }
  const delivering = [
    names.journalFilter,
    ...[workers, leases, once, stats].map((bucket) => keySubject(bucket, ">")),
    ...logs.flatMap((stream) => [...reading(stream), ...lookingUp(stream)]),
    ...[names.bodyStream, bucketStream(once)].flatMap(lookingUp),
    ...reading(names.splitStream),
    ...lookingUp(names.splitStream),
    `$JS.ACK.${names.splitStream}.>`,
    // With a domain or an account's hash before the stream, as newer servers have it.
    `$JS.ACK.*.*.${names.splitStream}.>`,
    ...[...logs, names.bodyStream].map((stream) => `${api}.STREAM.PURGE.${stream}`),
  ];
  return {
    publish: [...common, ...accepting, ...delivering],
    subscribe: [...inbox, names.controlFilter],
    responsesMax,
  };
}

/** For nats-server.conf; the passwords stand in the servers' environment. */
export function authorizationText(options: {
  readonly names: ClusterNames;
  readonly shards: number;
}): string {
  const users = natsRoles.map((role) => userText(role, permissionsOf(role, options)));
  return `authorization {
  users = [
    # For godwit schema apply alone.
    { user: "godwit-admin", password: $GODWIT_ADMIN_PASSWORD }
${users.join("")}  ]
}
`;
}

function userText(role: NatsRole, { publish, subscribe, responsesMax: max }: Permissions): string {
  const responses = max === 0 ? "" : `      allow_responses: { max: ${max}, expires: "1m" }\n`;
  return `    { user: "${natsUser(role)}", password: $GODWIT_${role.toUpperCase()}_PASSWORD, permissions: {
      publish: { allow: [
${publish.map((subject) => `        "${subject}"\n`).join("")}      ] }
      subscribe: { allow: [${subscribe.map((subject) => `"${subject}"`).join(", ")}] }
${responses}    } }
`;
}

function reading(stream: string): string[] {
  // One with several filters is made without its name in the subject: what replays a journal is.
  const unnamed = `${api}.CONSUMER.CREATE.${stream}`;
  return [unnamed, ...readingVerbs.map((verb) => `${api}.CONSUMER.${verb}.${stream}.>`)];
}

function lookingUp(stream: string): string[] {
  return [
    `${api}.STREAM.MSG.GET.${stream}`,
    `${api}.DIRECT.GET.${stream}`,
    `${api}.DIRECT.GET.${stream}.>`,
  ];
}
