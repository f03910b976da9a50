/** Servers that are away: what a role says of it where an operator looks, and that it recovers. */
import { until } from "../support/kubernetes/lab/waiting.ts";
import type { Role } from "../support/kubernetes/mail/release.ts";
import { loadOf, type Trials, tryOut } from "../support/kubernetes/mail/trial.ts";
import { fullName } from "../support/kubernetes/mail/values.ts";

const rate = 60;
const saidMaxMs = 90_000;
const controlPort = 8_025;
const answerMaxMs = 5_000;

interface Outage {
  readonly server: "nats" | "cassandra";
  readonly replicas: number;
  /** Who is asked. */
  readonly role: Role;
  /** 503: Kubernetes sends it nothing meanwhile. */
  readonly code: 200 | 503;
}

const outages: readonly Outage[] = [
  { server: "nats", replicas: 3, role: "edge", code: 503 },
  { server: "cassandra", replicas: 1, role: "delivery", code: 200 },
];

export async function serversAway(trials: Trials): Promise<void> {
  for (const outage of outages) await away(trials, outage);
}

async function away(trials: Trials, outage: Outage): Promise<void> {
  const { release, checks } = trials;
  const { server, replicas, role, code } = outage;
  await tryOut(trials, {
    name: `${server}: none is left, and all come back`,
    loads: loadOf(rate),
    kind: "harmful",
    async act() {
      const scaled = (count: number) =>
        release.kubectl("scale", `statefulset/${fullName}-${server}`, `--replicas=${count}`);
      await scaled(0);
      await release.has(server, 0);
      let said = "";
      const what = { what: `${role} says that ${server} is away`, maxMs: saidMaxMs };
      const faults = await until(what, async () => {
        said = await readiness(trials, role);
        return said.startsWith(`${code} `) && said.toLowerCase().includes(`"${server}"`);
      }).then(
        () => [],
        () => [`it says ${said}`],
      );
      checks.check(`${role} says of it: ${said.slice(0, 200)}`, faults);
      await scaled(replicas);
      await release.has(server, replicas);
      await release.has(role, 1);
      return {};
    },
  });
}

/** Of its only pod: the code, and the reasons. */
async function readiness({ release }: Trials, role: Role): Promise<string> {
  const [pod] = await release.pods(role);
  const response = await fetch(`http://${pod?.status.podIP}:${controlPort}/readyz`, {
    signal: AbortSignal.timeout(answerMaxMs),
  });
  return `${response.status} ${await response.text()}`;
}
