/**
 * What each role's user may do in bundled NATS, for the chart's templates: `lib/nats/permissions` says
 * it, with places for the names that values decide.
 */
import { natsRoles, permissionsOf } from "#lib/nats/permissions";
import { clusterNames } from "#proto/subjects";

/** A namespace that is in no name by itself. */
const namespace = "NAMESPACE";
/** How names are made of it (proto/subjects); the longer come first. */
const places: readonly (readonly [string, string])[] = [
  [`mta-${namespace}`, "{root}"],
  [`mta_${namespace}`, "{bucket}"],
  [`${namespace}-`, "{stream}"],
];

/** The text of `files/nats-rights.json`. */
export function natsRightsText(): string {
  const options = { names: clusterNames(namespace), shards: 1 };
  const rights = natsRoles.map((role) => {
    const { publish, subscribe, responsesMax } = permissionsOf(role, options);
    return [role, { publish: publish.map(placed), subscribe: subscribe.map(placed), responsesMax }];
  });
  return `${JSON.stringify(Object.fromEntries(rights), undefined, 1)}\n`;
}

function placed(subject: string): string {
  const text = places.reduce((all, [name, place]) => all.replaceAll(name, place), subject);
  if (text.includes(namespace)) throw new Error(`Cannot find the parts of ${subject}`);
  // Of the only shard there is.
  return text.replace("{stream}Q000", "{stream}Q{shard}").replace(".q.000.", ".q.{shard}.");
}
