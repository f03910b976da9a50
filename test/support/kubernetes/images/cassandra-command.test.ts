import { expect, test } from "bun:test";
import { ran } from "../../process/ran.ts";
import { cassandraCommand } from "./cassandra-command.ts";

test("Cassandra's command understands the words of the chart", async () => {
  // Instead of Java something that tells what it was told.
  const script = cassandraCommand("jamm-1.jar").replace("/opt/java/bin/java", "printf '%s\\n'");
  const { code, out } = await ran(["sh", "-c", script, "cassandra", "-f", "-Da=b c"], {
    environment: { PATH: process.env.PATH, MAX_HEAP_SIZE: "384M", CASSANDRA_LOG_DIR: "/tmp" },
  });
  const words = out.trimEnd().split("\n");
  expect(code).toBe(0);
  expect(words[0]).toBe("-javaagent:/opt/cassandra/lib/jamm-1.jar");
  expect(words).toContain("/opt/cassandra/conf:/opt/cassandra/lib/*");
  expect(words).toContain("-Xmx384M");
  expect(words).toContain("-Dcassandra.logdir=/tmp");
  expect(words.slice(-2)).toEqual(["-Da=b c", "org.apache.cassandra.service.CassandraDaemon"]);
  expect(words).not.toContain("-f");
});
