/** What an image of Cassandra is started by: the official image's words, and its environment. */
import { openedDoors } from "../../servers/toolchain/java.ts";

export const cassandraHome = "opt/cassandra";
export const javaHome = "opt/java";

/** `agent` is the name of jamm's jar. Understands `-f` and -D options; the heap is `MAX_HEAP_SIZE`. */
export function cassandraCommand(agent: string): string {
  const jars = `/${cassandraHome}/lib`;
  const options = [
    `-javaagent:${jars}/${agent}`,
    `-cp "/${cassandraHome}/conf:${jars}/*"`,
    "-Xms$MAX_HEAP_SIZE -Xmx$MAX_HEAP_SIZE -Xss512k -XX:MaxDirectMemorySize=$MAX_HEAP_SIZE",
    "-XX:+UseSerialGC -XX:-UsePerfData -XX:TieredStopAtLevel=1 -XX:+ExitOnOutOfMemoryError",
    "-Djava.net.preferIPv4Stack=true -Djava.awt.headless=true",
    "-Djava.io.tmpdir=/tmp -Djna.tmpdir=/tmp",
    "-Djdk.attach.allowAttachSelf=true -Dio.netty.tryReflectionSetAccessible=true",
    ...openedDoors,
    "-Dcassandra.logdir=$CASSANDRA_LOG_DIR",
    "-Dlogback.configurationFile=logback.xml -Dcassandra-foreground=yes",
  ];
  const lines = [...options, '"$@"', "org.apache.cassandra.service.CassandraDaemon"];
  return `#!/bin/sh
[ "$1" = -f ] && shift
exec /${javaHome}/bin/java \\
  ${lines.join(" \\\n  ")}
`;
}
