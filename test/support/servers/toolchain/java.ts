/** Java 17: the newest that Cassandra 5.0 runs on. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

const version = 17;
const installations = "/usr/lib/jvm";

let found: { readonly java: string | undefined } | undefined;

/** Undefined when there is none. */
export function java(): string | undefined {
  found ??= { java: candidates().find((path) => existsSync(path) && isOfVersion(path)) };
  return found.java;
}

function candidates(): string[] {
  const home = process.env.JAVA_HOME;
  const installed = existsSync(installations) ? readdirSync(installations) : [];
  return [
    ...(home === undefined ? [] : [join(home, "bin", "java")]),
    Bun.which("java") ?? "",
    ...installed.map((folder) => join(installations, folder, "bin", "java")),
  ];
}

function isOfVersion(path: string): boolean {
  const { stderr } = Bun.spawnSync([path, "-version"]);
  return stderr.toString().includes(`version "${version}.`);
}

/** Doors that Cassandra 5.0 needs opened in Java 17. */
export const openedDoors: readonly string[] = [
  ...[
    "java.base/jdk.internal.misc",
    "java.base/java.lang.ref",
    "java.management.rmi/com.sun.jmx.remote.internal.rmi",
    "java.rmi/sun.rmi.registry",
    "java.rmi/sun.rmi.server",
    "java.sql/java.sql",
    "jdk.attach/sun.tools.attach",
    "jdk.compiler/com.sun.tools.javac.file",
    "jdk.unsupported/sun.misc",
  ].map((door) => `--add-exports=${door}=ALL-UNNAMED`),
  ...[
    "java.base/java.io",
    "java.base/java.lang",
    "java.base/java.lang.module",
    "java.base/java.lang.reflect",
    "java.base/java.math",
    "java.base/java.net",
    "java.base/java.nio",
    "java.base/java.util",
    "java.base/java.util.concurrent",
    "java.base/java.util.concurrent.atomic",
    "java.base/jdk.internal.loader",
    "java.base/jdk.internal.math",
    "java.base/jdk.internal.module",
    "java.base/jdk.internal.ref",
    "java.base/jdk.internal.reflect",
    "java.base/jdk.internal.util.jar",
    "java.base/sun.nio.ch",
    "java.rmi/sun.rmi.transport.tcp",
    "jdk.compiler/com.sun.tools.javac",
    "jdk.management/com.sun.management.internal",
  ].map((door) => `--add-opens=${door}=ALL-UNNAMED`),
];
