/** Addresses and ports of loopback for servers that want the same port on addresses of their own. */
import { createServer } from "node:net";
import { systemRandom } from "#lib/random";

export interface Loopback {
  /** One for each node. */
  readonly addresses: readonly string[];
  /** Free on each of the addresses. */
  readonly ports: readonly number[];
}

const triesMax = 50;
/** Below the ports that outgoing connections take, so that a node finds its own after a restart. */
const lowest = 10_000;
const highest = 30_000;

/** A third byte of its own keeps two runs on one machine apart; 0 is what everybody else uses. */
export async function freeLoopback(nodes: number, portCount: number): Promise<Loopback> {
  const net = 2 + systemRandom.below(250);
  const addresses = Array.from({ length: nodes }, (_, node) => `127.0.${net}.${node + 1}`);
  return { addresses, ports: await freePorts(addresses, portCount) };
}

/** Ports that are free on each of the addresses. */
export async function freePorts(
  addresses: readonly string[],
  count: number,
): Promise<readonly number[]> {
  const ports: number[] = [];
  for (let tries = 0; ports.length < count; tries++) {
    if (tries > triesMax) throw new Error(`No ports are free on ${addresses.join(", ")}`);
    const port = lowest + systemRandom.below(highest - lowest);
    const free = await Promise.all(addresses.map((address) => isFree(address, port)));
    if (free.every(Boolean) && !ports.includes(port)) ports.push(port);
  }
  return ports;
}

function isFree(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer().once("error", () => resolve(false));
    server.listen(port, address, () => server.close(() => resolve(true)));
  });
}
