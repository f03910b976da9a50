/** Cassandra as Maven's jars: what its own archive has in `lib/`. */
import { existsSync } from "node:fs";
import { readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cached, fetched, toldToStderr } from "./cache.ts";
import { java } from "./java.ts";
import { runTool } from "./tool.ts";

const version = "5.0.9";
const name = `cassandra-${version}`;
const triesMax = 3;
const fetchMaxMs = 600_000;
/** Native code of other platforms. */
const foreign = /-(osx|windows)-|-linux-riscv64\.jar$/;

/** Undefined when a Cassandra can be had and run here. */
export function cassandraMissing(): string | undefined {
  if (process.platform !== "linux") return "optional: servers are started on Linux only";
  if (java() === undefined) return "Cassandra cannot be run: Java 17 is not installed";
  if (existsSync(cached(name)) || Bun.which("mvn") !== null) return;
  return "Cassandra cannot be fetched: mvn is not installed";
}

/** The folder of the jars. */
export function cassandraJars(told = toldToStderr): Promise<string> {
  return fetched({ name, told, into });
}

async function into(folder: string): Promise<void> {
  const file = join(folder, "pom.xml");
  await writeFile(file, project);
  const goal = ["dependency:copy-dependencies", "-DincludeScope=runtime"];
  const command = ["mvn", "-q", "-B", "-f", file, ...goal, `-DoutputDirectory=${folder}`];
  for (let tries = 1; ; tries++) {
    try {
      await runTool({ command, timeoutMs: fetchMaxMs });
      break;
    } catch (error) {
      if (tries === triesMax) throw error;
    }
  }
  const superfluous = (await readdir(folder)).filter((jar) => foreign.test(jar));
  await Promise.all(superfluous.map((jar) => rm(join(folder, jar))));
}

const project = `<?xml version="1.0" encoding="UTF-8"?>
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>godwit</groupId>
  <artifactId>cassandra-for-tests</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.cassandra</groupId>
      <artifactId>cassandra-all</artifactId>
      <version>${version}</version>
    </dependency>
  </dependencies>
  <build>
    <plugins>
      <plugin>
        <groupId>org.apache.maven.plugins</groupId>
        <artifactId>maven-dependency-plugin</artifactId>
        <version>3.8.1</version>
      </plugin>
    </plugins>
  </build>
</project>
`;
