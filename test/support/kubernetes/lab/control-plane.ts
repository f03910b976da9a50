/** What a cluster has beside its nodes: etcd, the API server, controllers, scheduler, names. */
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ApiServer, type Credentials } from "./api-server.ts";
import { type Component, launch } from "./component.ts";
import { apiPort, controlAddress, serviceNetwork } from "./network.ts";
import { corefile, kubeconfig } from "./settings.ts";
import { until } from "./waiting.ts";

/** A node that says nothing for so long is lost, and its pods are replaced soon after. */
const silenceMax = "20s";
const evictionSeconds = 5;
const readyMaxMs = 120_000;
const etcd = "http://127.0.0.1:2379";

export function kubeconfigFile(folder: string): string {
  return join(folder, "kubeconfig");
}

export async function startControlPlane(options: Omit<Component, "command">): Promise<ApiServer> {
  const { folder } = options;
  const api = new ApiServer(await writeCredentials(folder));
  const started = (...command: readonly [string, ...string[]]) => launch({ ...options, command });
  // Its disk is as lasting as the lab.
  started("etcd", "--data-dir", join(folder, "etcd"), "--unsafe-no-fsync", "--log-level", "warn");
  started("kube-apiserver", ...apiServerWords(folder));
  const what = { what: "the API server is ready", maxMs: readyMaxMs };
  await until(what, () => api.isReady());
  const config = ["--kubeconfig", kubeconfigFile(folder)] as const;
  started("kube-scheduler", ...config, "--leader-elect=false");
  started("kube-controller-manager", ...config, ...controllerWords(folder));
  started("coredns", "-conf", join(folder, "Corefile"));
  return api;
}

async function writeCredentials(folder: string): Promise<Credentials> {
  await mkdir(join(folder, "pki"));
  const token = randomBytes(16).toString("hex");
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2_048 });
  const key = privateKey.export({ type: "pkcs1", format: "pem" });
  const certificate = join(folder, "pki", "apiserver.crt");
  await writeFile(join(folder, "tokens.csv"), `${token},admin,admin,system:masters\n`);
  await writeFile(join(folder, "pki", "accounts.key"), key);
  await writeFile(kubeconfigFile(folder), kubeconfig({ certificate, token }));
  await writeFile(join(folder, "Corefile"), corefile(kubeconfigFile(folder)));
  await Promise.all(["tokens.csv", "kubeconfig"].map((name) => chmod(join(folder, name), 0o600)));
  return { token, certificate };
}

function apiServerWords(folder: string): string[] {
  const pki = (name: string) => join(folder, "pki", name);
  return [
    ...["--etcd-servers", etcd, "--cert-dir", pki("")],
    ...["--bind-address", "0.0.0.0", "--advertise-address", controlAddress],
    ...["--secure-port", String(apiPort), "--service-cluster-ip-range", serviceNetwork],
    ...["--authorization-mode", "Node,RBAC", "--token-auth-file", join(folder, "tokens.csv")],
    ...["--service-account-issuer", "https://kubernetes.default.svc"],
    ...["--service-account-key-file", pki("accounts.key")],
    ...["--service-account-signing-key-file", pki("accounts.key")],
    ...["--kubelet-preferred-address-types", "InternalIP", "--profiling=false"],
    ...["--default-not-ready-toleration-seconds", String(evictionSeconds)],
    ...["--default-unreachable-toleration-seconds", String(evictionSeconds)],
  ];
}

function controllerWords(folder: string): string[] {
  return [
    "--leader-elect=false",
    ...["--service-account-private-key-file", join(folder, "pki", "accounts.key")],
    ...["--root-ca-file", join(folder, "pki", "apiserver.crt")],
    ...["--node-monitor-grace-period", silenceMax, "--node-monitor-period", "2s"],
  ];
}
