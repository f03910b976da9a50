/** Which of several servers cannot be reached: clients go on with the others, and say nothing. */
import type { Endpoint, Transport } from "#lib/net/transport";
import type { Trouble } from "../readiness.ts";

const connectMs = 2_000;
const portOfNats = 4222;

/** Undefined when all can be. */
export async function unreachable(
  places: readonly Endpoint[],
  transport: Pick<Transport, "connect">,
): Promise<Trouble | undefined> {
  const tried = await Promise.allSettled(places.map((place) => touch(place, transport)));
  const reasons = tried.flatMap((result) =>
    result.status === "rejected" ? [String(result.reason.message)] : [],
  );
  return reasons.length === 0 ? undefined : { reason: reasons.join("; "), isBlocking: false };
}

async function touch(place: Endpoint, transport: Pick<Transport, "connect">): Promise<void> {
  const connection = await transport.connect(place, { timeoutMs: connectMs }, () => silent);
  connection.destroy();
}

const silent = { data() {}, closed() {} };

/** Of `nats://host:port`. */
export function placeOfUrl(text: string): Endpoint {
  const { hostname, port } = new URL(text.replace(/^(nats|tls):/, "http:"));
  const address = hostname.replace(/^\[|\]$/g, "");
  return { address, port: port === "" ? portOfNats : Number(port) };
}
