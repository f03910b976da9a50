/** Whether a Cassandra node serves, and whether it sees its neighbours serve. */
import { connect } from "node:net";
import { Client, policies, types } from "cassandra-driver";
import { systemClock } from "#lib/clock";

/** The port of CQL is the last that a node opens. */
export function isServing(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, address);
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

export interface ClusterView {
  /** `address:port` of the node that is asked. */
  readonly point: string;
  readonly localDataCenter: string;
}

const seeMaxMs = 120_000;
const pollMs = 200;
/** A table that each cluster has, with three replicas. */
const everywhere = "SELECT keyspace_name FROM system_distributed.view_build_status LIMIT 1";

/** Resolves when the node can read from all replicas: a new cluster's nodes find one another late. */
export async function seesAll({ point, localDataCenter }: ClusterView): Promise<void> {
  const byPoint = new policies.loadBalancing.RoundRobinPolicy();
  const client = new Client({
    contactPoints: [point],
    localDataCenter,
    policies: { loadBalancing: new policies.loadBalancing.AllowListPolicy(byPoint, [point]) },
  });
  const deadline = systemClock.monotonic() + seeMaxMs;
  try {
    while (true) {
      const refusal = await refusalOf(client);
      if (refusal === undefined) return;
      if (systemClock.monotonic() > deadline) {
        throw new Error(`Cassandra at ${point} does not see all nodes`, { cause: refusal });
      }
      await systemClock.sleep(pollMs);
    }
  } finally {
    await client.shutdown();
  }
}

async function refusalOf(client: Client): Promise<unknown> {
  try {
    await client.execute(everywhere, [], { consistency: types.consistencies.all });
    return undefined;
  } catch (error) {
    return error;
  }
}
