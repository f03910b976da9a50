/**
 * Whether a worker's process is there at all. NATS knows at once when nobody listens any more, long
 * before the worker's heartbeat has lapsed; a machine that is cut off or stands still it does not know.
 */
import { NoRespondersError, RequestError } from "@nats-io/transport-node";
import type { Clock } from "#lib/clock";
import type { Member } from "#lib/leases/leases";
import type { Incarnation } from "#lib/stream/journal";
import type { ClusterNames } from "#proto/subjects";
import type { Link } from "../link.ts";

/** Three heartbeats that did not come. */
const silentMsMax = 10_000;
/** Whoever lives answers within it; an older version listens to questions only. */
const graceMs = 500;
const knockMs = 2_000;

export interface PresencePorts {
  readonly link: Link;
  readonly names: ClusterNames;
  readonly clock: Clock;
}

/** Those whose answer need not be waited for, each with the reason. Never rejects. */
export async function absentees(
  ports: PresencePorts,
  members: readonly Member[],
): Promise<ReadonlyMap<Incarnation, string>> {
  const absent = new Map<Incarnation, string>();
  for (const member of members) {
    if (member.silentMs >= silentMsMax)
      absent.set(member.incarnation, "its heartbeats do not come");
    void isGone(ports, member.incarnation).then((isAbsent) => {
      if (isAbsent) absent.set(member.incarnation, "it is not connected any more");
    });
  }
  await ports.clock.sleep(graceMs);
  return absent;
}

async function isGone({ link, names }: PresencePorts, worker: Incarnation): Promise<boolean> {
  const subject = names.presenceSubject(worker);
  try {
    await link.connection.request(subject, new Uint8Array(), { timeout: knockMs });
    return false;
  } catch (error) {
    // A time-out says nothing: it may be slow.
    const isRefused = error instanceof RequestError && error.isNoResponders();
    return isRefused || error instanceof NoRespondersError;
  }
}
