/** Real Cassandra nodes in one data centre, a rack each, as many as wanted. */
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cassandraYaml, logbackXml } from "./cassandra-configuration.ts";
import { isServing, seesAll } from "./cassandra-probe.ts";
import { type GroupPlace, ServerGroup } from "./server-group.ts";
import { type NodePlan, nodeFolder } from "./server-node.ts";
import { cassandraJars, cassandraMissing } from "./toolchain/cassandra-jars.ts";
import { java, openedDoors } from "./toolchain/java.ts";

export interface CassandraServers extends Omit<ServerGroup, "place"> {
  /** `address:port`, one for each node. */
  readonly contactPoints: readonly string[];
  readonly localDataCenter: string;
}

export interface CassandraServersOptions {
  readonly nodes: number;
  /** Lines that are added to each node's `cassandra.yaml`: authentication, TLS, time limits. */
  readonly configuration?: string;
  readonly heapMiB?: number;
  /** It runs for many minutes: compiled code is worth what the compilers take. */
  readonly isLongLived?: boolean;
  readonly folder?: string;
}

const localDataCenter = "dc1";
const defaultHeapMiB = 256;
/** Three nodes take 15 to 36 s on two busy cores. */
const readyMaxMs = 180_000;

export async function startCassandra(options: CassandraServersOptions): Promise<CassandraServers> {
  const missing = cassandraMissing();
  if (missing !== undefined) throw new Error(missing);
  const jars = await cassandraJars();
  const group = await ServerGroup.start({
    name: "cassandra",
    nodes: options.nodes,
    folder: options.folder,
    portCount: 2,
    plan: (node, place) => nodePlan({ node, place, jars, options }),
  });
  const { addresses, ports } = group.place;
  const contactPoints = addresses.map((address) => `${address}:${ports[0]}`);
  try {
    // One node sees itself, and may want a password.
    const points = options.nodes > 1 ? contactPoints : [];
    await Promise.all(points.map((point) => seesAll({ point, localDataCenter })));
  } catch (error) {
    await group.stop();
    throw error;
  }
  return Object.assign(group, { contactPoints, localDataCenter });
}

interface NodePlace {
  readonly node: number;
  readonly place: GroupPlace;
  readonly jars: string;
  readonly options: CassandraServersOptions;
}

async function nodePlan({ node, place, jars, options }: NodePlace): Promise<NodePlan> {
  const { addresses, ports } = place;
  const [cqlPort = 0, storagePort = 0] = ports;
  const folder = await nodeFolder(place.folder, node);
  const heapMiB = options.heapMiB ?? defaultHeapMiB;
  const yaml = cassandraYaml({ node, addresses, cqlPort, storagePort, folder, heapMiB });
  const conf = join(folder, "conf");
  const isKept = options.folder !== undefined;
  const isLongLived = options.isLongLived === true;
  await mkdir(conf, { recursive: true });
  await mkdir(join(folder, "tmp"), { recursive: true });
  await writeFile(join(conf, "cassandra.yaml"), `${yaml}${options.configuration ?? ""}\n`);
  await writeFile(
    join(conf, "cassandra-rackdc.properties"),
    `dc=${localDataCenter}\nrack=r${node}\n`,
  );
  await writeFile(join(conf, "logback.xml"), logbackXml);
  return {
    name: `Cassandra ${node}`,
    folder,
    command: [
      java() ?? "java",
      ...(await javaArguments({ folder, conf, jars, heapMiB, isKept, isLongLived })),
    ],
    environment: { MALLOC_ARENA_MAX: "2" },
    isReady: () => isServing(addresses[node] ?? "", cqlPort),
    readyMaxMs,
  };
}

interface JavaPlace {
  readonly folder: string;
  readonly conf: string;
  readonly jars: string;
  readonly heapMiB: number;
  readonly isKept: boolean;
  readonly isLongLived: boolean;
}

async function javaArguments({
  folder,
  conf,
  jars,
  heapMiB,
  isKept,
  isLongLived,
}: JavaPlace): Promise<string[]> {
  const agent = (await readdir(jars)).find((name) => name.startsWith("jamm-")) ?? "";
  const temporary = join(folder, "tmp");
  return [
    `-javaagent:${join(jars, agent)}`,
    ...["-cp", `${conf}:${join(jars, "*")}`],
    ...[`-Xms${heapMiB}m`, `-Xmx${heapMiB}m`, "-Xss512k", `-XX:MaxDirectMemorySize=${heapMiB}m`],
    ...["-XX:+UseSerialGC", "-XX:-UsePerfData"],
    ...(isLongLived ? [] : ["-XX:TieredStopAtLevel=1"]),
    "-XX:+ExitOnOutOfMemoryError",
    ...["-Djava.net.preferIPv4Stack=true", "-Djava.awt.headless=true"],
    ...[`-Djava.io.tmpdir=${temporary}`, `-Djna.tmpdir=${temporary}`],
    ...["-Djdk.attach.allowAttachSelf=true", "-Dio.netty.tryReflectionSetAccessible=true"],
    ...openedDoors,
    `-Dcassandra.config=file://${conf}/cassandra.yaml`,
    ...[`-Dcassandra.storagedir=${folder}`, `-Dcassandra.logdir=${folder}`],
    ...["-Dlogback.configurationFile=logback.xml", "-Dcassandra-foreground=yes"],
    // A cluster of one machine has settled as soon as it is up.
    ...["-Dcassandra.skip_wait_for_gossip_to_settle=0", "-Dcassandra.ring_delay_ms=2000"],
    ...["-Dcassandra.superuser_setup_delay_ms=0", "-Dcassandra.consistent.rangemovement=false"],
    // No fsync where a test kills processes, never the machine.
    `-Dcassandra.skip_sync=${!isKept}`,
    "org.apache.cassandra.service.CassandraDaemon",
  ];
}
