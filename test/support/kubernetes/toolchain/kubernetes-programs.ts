/** Kubernetes, etcd and CoreDNS, built from their Go modules; kept, since it takes a while. */
import { existsSync } from "node:fs";
import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { cached, fetched, toldToStderr } from "../../servers/toolchain/cache.ts";
import { runTool } from "../../servers/toolchain/tool.ts";

/** As `programs/go.mod` pins it. */
export const kubernetesVersion = "1.37.2";
const name = `kubernetes-${kubernetesVersion}`;
const source = join(import.meta.dir, "..", "programs");
const modules = ["hyperkube", "coredns", "pause"] as const;
const components = [
  "etcd",
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kube-proxy",
  "kubelet",
  "kubectl",
] as const;
const buildMaxMs = 3_600_000;

/** Undefined when they can be had here. */
export function kubernetesMissing(): string | undefined {
  if (existsSync(cached(name)) || Bun.which("go") !== null) return;
  return "Kubernetes cannot be built: go is not installed";
}

/** The folder of the programs. */
export function kubernetesPrograms(told = toldToStderr): Promise<string> {
  return fetched({ name, told, into });
}

async function into(folder: string): Promise<void> {
  for (const module of modules) {
    const flags = ["-trimpath", "-buildvcs=false", `-ldflags=-s -w ${versionFlags()}`];
    await runTool({
      command: ["go", "build", "-C", source, ...flags, "-o", join(folder, module), `./${module}`],
      environment: { CGO_ENABLED: "0" },
      timeoutMs: buildMaxMs,
    });
  }
  await Promise.all(components.map((component) => symlink("hyperkube", join(folder, component))));
}

/** What Kubernetes' own build writes into it: helm and the kubelet ask for it. */
function versionFlags(): string {
  const [major, minor] = kubernetesVersion.split(".");
  const place = "k8s.io/component-base/version";
  return [
    `-X ${place}.gitVersion=v${kubernetesVersion}`,
    `-X ${place}.gitMajor=${major}`,
    `-X ${place}.gitMinor=${minor}`,
  ].join(" ");
}
