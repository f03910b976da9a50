/** What a person reads when the cluster runs: where it listens, how to send, how to ask. */
import type { Endpoint } from "#lib/net/transport";
import type { Cluster, Role } from "./cluster.ts";

export function clusterWelcome({ roles, nats, cassandra, folder }: Cluster, to: Endpoint): string {
  const edge = roles.find(({ smtp }) => smtp !== undefined);
  const control = roles.find(({ role }) => role === "control");
  const worker = roles.find(({ role }) => role === "delivery");
  const hop = placeText(to);
  return `
The cluster runs in ${folder}. Ctrl-C stops it in order; its mail stays for the next start.

${roles.map(row).join("\n")}
  NATS       ${nats.servers.join(" ")}
  Cassandra  ${cassandra.contactPoints.join(" ")}

All mail goes to ${hop}. In other terminals:
  npm run -s sink -- --port ${to.port} --accounts arrived.txt
  npm run -s source -- ${placeText(edge?.smtp)} --messages 10000 --domains 200 --reconnect --accounts promised.txt
  npm run -s godwit -- cluster status --config ${control?.configFile}
  npm run -s godwit -- queue list --config ${control?.configFile}
  npm run -s balance -- promised.txt arrived.txt   (when the sink has been stopped)

Here a line kills, stops, starts, pauses or resumes a process: kill ${worker?.name}
`;
}

function row({ name, smtp, control, logFile }: Role): string {
  const place = smtp === undefined ? `http://${placeText(control)}` : `smtp://${placeText(smtp)}`;
  return `  ${name.padEnd(9)}  ${place.padEnd(24)}  log: ${logFile}`;
}

function placeText(at: Endpoint | undefined): string {
  return at === undefined ? "" : `${at.address}:${at.port}`;
}
