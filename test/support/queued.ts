/** Units as delivery has them, for tests that do not care what exactly they hold. */
import type { Unit } from "#lib/queue/unit";
import type { DeferredUnit } from "#lib/store/store";
import { destination, path, shard, uid } from "./records.ts";

export const shardOfTests = shard(0);

/** VirtualClock and ManualClock begin near here. */
const acceptedAt = 1_795_000_000_000;
const day = 86_400_000;

/** The nth queue id, in the order of time. */
export function nthUid(n: number, part = 0) {
  return uid(`${String(n).padStart(26, "0")}.${part}`);
}

export function unitOf(overrides: Partial<Unit> = {}): Unit {
  return {
    uid: nthUid(1),
    destination: destination("example.net"),
    envelope: { reversePath: path("a@source.example"), body: "7bit", smtpUtf8: false },
    recipients: [{ path: path("b@example.net") }],
    lane: "n",
    acceptedAt,
    expiresAt: acceptedAt + 5 * day,
    sizeBytes: 1_000,
    isNotification: false,
    ...overrides,
  };
}

export function deferred(
  unit: Partial<Unit> = {},
  state: Partial<Omit<DeferredUnit, "unit">> = {},
): DeferredUnit {
  return {
    unit: unitOf(unit),
    attempts: 1,
    generation: 1,
    place: { kind: "backlog" },
    isDelayNotified: false,
    last: {},
    ...state,
  };
}
