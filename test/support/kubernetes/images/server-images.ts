/** Images of NATS and Cassandra, made of what the package registries have. */
import { readdir, realpath, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { type Entry, executable, file } from "../../../../deploy/image/entry.ts";
import { image, type RunConfig } from "../../../../deploy/image/layout.ts";
import { ownArchitecture } from "../../deploy/image-source.ts";
import { logbackXml } from "../../servers/cassandra-configuration.ts";
import { fetched, toldToStderr } from "../../servers/toolchain/cache.ts";
import { cassandraJars } from "../../servers/toolchain/cassandra-jars.ts";
import { java } from "../../servers/toolchain/java.ts";
import { natsBinary } from "../../servers/toolchain/nats-binary.ts";
import { cassandraCommand, cassandraHome, javaHome } from "./cassandra-command.ts";
import { copied, partFiles, sharedLibraries } from "./image-files.ts";

export interface ServerImage {
  readonly reference: string;
  /** Its archive. */
  readonly path: string;
}

const natsReference = "localhost/nats:1";
const cassandraReference = "localhost/cassandra:1";
const pauseReference = "localhost/pause:1";
const cassandraUser = 999;
const nobody = 65_532;
/** Of the desktop, of compilers, and of no use to a server. */
const superfluous = /awt|font|splash|javajpeg|mlib|lcms|jsound|pcsc|sctp|src\.zip|ct\.sym/;
/** What jars load by themselves. */
const loadedLater = ["libm.so.6", "libdl.so.2", "librt.so.1", "libpthread.so.0", "libresolv.so.2"];

export async function natsImage(told = toldToStderr): Promise<ServerImage> {
  const binary = await natsBinary(told);
  return await kept(natsReference, told, async () => ({
    entries: [await copied(binary, "usr/local/bin/nats-server")],
    run: runOf(nobody, "/usr/local/bin/nats-server"),
  }));
}

/** A pod's first process. */
export async function pauseImage(programs: string, told = toldToStderr): Promise<ServerImage> {
  return await kept(pauseReference, told, async () => ({
    entries: [await copied(join(programs, "pause"), "pause")],
    run: runOf(nobody, "/pause"),
  }));
}

/** `shell` is a program that is one when it is called `sh`. */
export async function cassandraImage(shell: string, told = toldToStderr): Promise<ServerImage> {
  const jars = await cassandraJars(told);
  return await kept(cassandraReference, told, async () => {
    const names = await readdir(jars);
    const agent = names.find((name) => name.startsWith("jamm-")) ?? "";
    const script = `${cassandraHome}/bin/cassandra`;
    const entries = [
      ...(await javaFiles()),
      ...(await partFiles({ from: jars, to: `${cassandraHome}/lib` })),
      executable(script, cassandraCommand(agent)),
      file(`${cassandraHome}/conf/logback.xml`, logbackXml),
      await copied(shell, "bin/sh"),
      file("etc/passwd", `root:x:0:0::/:/bin/sh\ncassandra:x:${cassandraUser}:0::/tmp:/bin/sh\n`),
      file("etc/nsswitch.conf", "hosts: files dns\n"),
    ];
    return { entries, run: runOf(cassandraUser, `/${script}`) };
  });
}

async function javaFiles(): Promise<readonly Entry[]> {
  const found = java();
  if (found === undefined) throw new Error("Java 17 is not installed");
  const path = await realpath(found);
  const home = join(path, "..", "..");
  const wants = (name: string) => !superfluous.test(basename(name));
  const libraries = await partFiles({ from: join(home, "lib"), to: `${javaHome}/lib`, wants });
  const linked = libraries.filter((entry) => entry.path.endsWith(".so"));
  const paths = linked.map((entry) => join(home, entry.path.slice(javaHome.length + 1)));
  return [
    await copied(path, `${javaHome}/bin/java`),
    ...(await partFiles({ from: join(home, "conf"), to: `${javaHome}/conf` })),
    ...libraries,
    ...(await sharedLibraries([path, ...paths], loadedLater)),
  ];
}

function runOf(user: number, command: string): RunConfig {
  return {
    user: `${user}:${user}`,
    workingDirectory: "/",
    entrypoint: [command],
    environment: { PATH: "/usr/local/bin:/usr/bin:/bin" },
  };
}

interface Made {
  readonly entries: readonly Entry[];
  readonly run: RunConfig;
}

async function kept(
  reference: string,
  told: (text: string) => void,
  make: () => Promise<Made>,
): Promise<ServerImage> {
  const name = `image-${reference.replace("localhost/", "").replace(":", "-")}`;
  const folder = await fetched({
    name,
    told,
    async into(unfinished) {
      const { entries, run } = await make();
      const platforms = [{ architecture: ownArchitecture, layers: [{ name, entries }] }];
      const { archive } = image({ reference, run, labels: {}, platforms });
      await writeFile(join(unfinished, "image.tar"), archive);
    },
  });
  return { reference, path: join(folder, "image.tar") };
}
