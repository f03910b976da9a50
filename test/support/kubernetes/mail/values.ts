/** What the chart is told in the lab, over its example for a laptop. */
import { join } from "node:path";
import { chartFolder } from "../../deploy/chart.ts";
import { controlAddress, steadyNode } from "../lab/network.ts";

export const releaseName = "mail";
export const namespace = "post";
export const fullName = `${releaseName}-godwit`;
export const shards = 12;
export const repository = "localhost/godwit";
/** The same image by two names: to change from one to the other is to roll every role. */
export const tags = ["lab", "next"] as const;

export const laptopFile = join(chartFolder, "examples", "laptop.yaml");

/** Where all mail goes. */
export const sinkAt = { address: controlAddress, port: 2_525 };
/** Where nobody listens until somebody does. */
export const deadAt = { address: controlAddress, port: 2_526 };
export const deadDomain = "dead.example";

type Values = Readonly<Record<string, unknown>>;

export const labValues: Values = {
  image: { repository, tag: tags[0], pullPolicy: "Never" },
  config: {
    shards,
    nats: { replicas: 3 },
    routes: [
      { domain: `*.${deadDomain}`, nextHop: smtp(deadAt) },
      { domain: "*", nextHop: smtp(sinkAt) },
    ],
    // What is put off is watched until it comes.
    delivery: { retry: { first: "2s", cap: "4s" } },
  },
  nats: { bundled: { image: "localhost/nats:1", replicas: 3 } },
  cassandra: {
    bundled: {
      image: "localhost/cassandra:1",
      nodeSelector: { "kubernetes.io/hostname": steadyNode },
    },
  },
};

/** Another image, and in each role's configuration something else. */
export const changedValues: Values = {
  image: { tag: tags[1] },
  config: {
    limits: { stop: "20s" },
    delivery: { retry: { first: "2s", cap: "3s" } },
    telemetry: { traces: 0.5 },
  },
};

function smtp({ address, port }: { readonly address: string; readonly port: number }): string {
  return `smtp://${address}:${port}`;
}
