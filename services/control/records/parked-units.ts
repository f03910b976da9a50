/** Units of a message that nobody could read: kept for the operator, and tried no more. */
import { z } from "zod";
import type { QueueId, Uid } from "#lib/queue/unit";
import type { OperatorsPorts } from "#lib/role/control-ports";
import type { Log } from "#lib/telemetry/log";
import { listLimitMax } from "#proto/admin";

const parkedUnits = z.array(z.object({ uid: z.string(), at: z.number(), reason: z.string() }));

export type ParkedUnit = z.output<typeof parkedUnits>[number];

export interface ParkedPorts extends Pick<OperatorsPorts, "records"> {
  readonly log: Log;
}

/** Undefined: the store does not tell. Never rejects. */
export async function parkedOf(
  id: QueueId | Uid,
  { records, log }: ParkedPorts,
): Promise<readonly ParkedUnit[] | undefined> {
  if (records === undefined) return undefined;
  try {
    const parked = parkedUnits.parse(await records.parked(listLimitMax));
    return parked.filter(({ uid }) => uid === id || uid.startsWith(`${id}.`));
  } catch (error) {
    log.warn("parked_unknown", { error: String(error) });
    return undefined;
  }
}
