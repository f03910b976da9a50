/**
 * Addresses of the lab: one network with the machine of the control plane, where clients and mail
 * exchangers are, too, and the nodes; behind each node its pods.
 */

export const controlAddress = "10.77.0.1";
export const apiPort = 6443;
export const serviceNetwork = "10.96.0.0/16";
export const podNetwork = "10.244.0.0/16";
/** Of the Service; the server itself is beside the control plane. */
export const nameServiceAddress = "10.96.0.10";
export const nameServerPort = 5300;
export const prefixLength = 24;
const nodesMax = 100;
/** What cannot be elsewhere is here: this one is not lost. */
export const steadyNode = "node1";

export interface NodePlan {
  readonly name: string;
  readonly address: string;
  /** Of its pods. */
  readonly pods: string;
  /** Of the machine of the control plane: the other end of its wire. */
  readonly wire: string;
  /** A failure takes all that is in it. */
  readonly zone: string;
}

export function nodePlans(count: number): readonly NodePlan[] {
  if (count < 1 || count > nodesMax) throw new Error(`Cannot have ${count} nodes`);
  return Array.from({ length: count }, (_, i) => ({
    name: `node${i + 1}`,
    address: `10.77.0.${101 + i}`,
    pods: `10.244.${i + 1}.0/24`,
    wire: `wire${i + 1}`,
    zone: `zone${i + 1}`,
  }));
}

export interface Route {
  readonly to: string;
  readonly via: string;
}

/** What a node must know of the others' pods. */
export function routesOf(own: NodePlan, plans: readonly NodePlan[]): readonly Route[] {
  return plans
    .filter(({ name }) => name !== own.name)
    .map(({ pods, address }) => ({ to: pods, via: address }));
}

/**
 * What those outside the cluster need: pods, and Services by way of one node, which hands on as any
 * does. Its loss would be the clients', too.
 */
export function outsideRoutes(plans: readonly NodePlan[]): readonly Route[] {
  const [entry] = plans;
  const services = entry === undefined ? [] : [{ to: serviceNetwork, via: entry.address }];
  return [...plans.map(({ pods, address }) => ({ to: pods, via: address })), ...services];
}
