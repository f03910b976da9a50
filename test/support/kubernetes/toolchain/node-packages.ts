/** What a node needs of Debian: unpacked beside the machine's own packages, not installed. */
import { existsSync } from "node:fs";
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { cached, fetched, toldToStderr } from "../../servers/toolchain/cache.ts";
import { runTool } from "../../servers/toolchain/tool.ts";

export interface NodePackages {
  /** `PATH` and its like, in front of the machine's own. */
  readonly environment: Readonly<Record<string, string>>;
  readonly cniPlugins: string;
  readonly busybox: string;
}

const name = "kubernetes-node-packages-1";
const wanted = ["containerd", "runc", "containernetworking-plugins", "iptables", "busybox-static"];
const tools = ["apt-get", "dpkg-deb"];
const fetchMaxMs = 600_000;

/** Undefined when they can be had here. */
export function nodePackagesMissing(): string | undefined {
  if (existsSync(cached(name))) return;
  const absent = tools.filter((tool) => Bun.which(tool) === null);
  if (absent.length === 0) return;
  return `containerd cannot be fetched: ${absent.join(" and ")} not installed`;
}

export async function nodePackages(told = toldToStderr): Promise<NodePackages> {
  const folder = await fetched({ name, told, into });
  const libraries = join(folder, "usr/lib/x86_64-linux-gnu");
  const binaries = ["usr/sbin", "usr/bin", "sbin", "bin"].map((path) => join(folder, path));
  const machine = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  const here = (path: string) => (existsSync(join(folder, path)) ? join(folder, path) : `/${path}`);
  return {
    environment: {
      PATH: [...binaries, machine].join(":"),
      LD_LIBRARY_PATH: libraries,
      XTABLES_LIBDIR: join(libraries, "xtables"),
    },
    cniPlugins: here("usr/lib/cni"),
    busybox: here("bin/busybox"),
  };
}

async function into(folder: string): Promise<void> {
  const archives = join(folder, "archives");
  await mkdir(join(archives, "partial"), { recursive: true });
  try {
    await download(archives);
  } catch {
    // Lists that are old name versions that are gone.
    await runTool({ command: ["apt-get", "-qq", "update"], timeoutMs: fetchMaxMs });
    await download(archives);
  }
  for (const archive of await readdir(archives)) {
    if (!archive.endsWith(".deb")) continue;
    const command = ["dpkg-deb", "-x", join(archives, archive), folder];
    await runTool({ command, timeoutMs: fetchMaxMs });
  }
  await rm(archives, { recursive: true });
  await named(folder);
}

/** With what they depend on that this machine has not got. */
async function download(archives: string): Promise<void> {
  const settings = [`Dir::Cache::archives=${archives}`, "APT::Sandbox::User=root"];
  const options = ["--download-only", "--no-install-recommends", "-y", "-qq"];
  await runTool({
    command: ["apt-get", "install", ...options, ...settings.flatMap((it) => ["-o", it]), ...wanted],
    timeoutMs: fetchMaxMs,
  });
}

/** Names that the installation of the package would give. */
async function named(folder: string): Promise<void> {
  if (!existsSync(join(folder, "usr/sbin/xtables-nft-multi"))) return;
  const programs = ["iptables", "ip6tables"].flatMap((it) => [it, `${it}-save`, `${it}-restore`]);
  for (const program of programs) {
    const link = ["ln", "-sfn", "xtables-nft-multi", join(folder, "usr/sbin", program)];
    await runTool({ command: link, timeoutMs: fetchMaxMs });
  }
}
