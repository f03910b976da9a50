/** The files that the parts of Kubernetes read. */
import { join } from "node:path";
import {
  apiPort,
  controlAddress,
  nameServerPort,
  nameServiceAddress,
  podNetwork,
} from "./network.ts";

type Json = Readonly<Record<string, unknown>>;

const domain = "cluster.local";
export const pauseImageName = "localhost/pause:1";

/** JSON is YAML, too. */
function text(value: unknown): string {
  return `${JSON.stringify(value, undefined, 1)}\n`;
}

export function kubeconfig({ certificate, token }: Readonly<Record<string, string>>): string {
  const server = `https://${controlAddress}:${apiPort}`;
  return text({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "lab", cluster: { server, "certificate-authority": certificate } }],
    users: [{ name: "admin", user: { token } }],
    contexts: [{ name: "lab", context: { cluster: "lab", user: "admin" } }],
    "current-context": "lab",
  });
}

/** Where a node has its things. */
export interface NodeFolders {
  /** Its disk. */
  readonly folder: string;
  readonly cniPlugins: string;
  /** Of the kubelet, in each hierarchy of cgroups. */
  readonly cgroup: string;
}

export function containerdSocket(folder: string): string {
  return join(folder, "containerd.sock");
}

export function containerdToml({ folder, cniPlugins }: NodeFolders): string {
  const cri = 'plugins."io.containerd.grpc.v1.cri"';
  const snapshotters = ["aufs", "btrfs", "devmapper", "zfs"];
  const unused = snapshotters.map((name) => `"io.containerd.snapshotter.v1.${name}"`);
  return `version = 2
root = "${folder}/containerd"
state = "/run/containerd"
disabled_plugins = [${unused.join(", ")}]
[grpc]
address = "${containerdSocket(folder)}"
[${cri}]
sandbox_image = "${pauseImageName}"
# Without CAP_SYS_RESOURCE no process may be made less likely to be killed than its parent.
restrict_oom_score_adj = true
[${cri}.cni]
bin_dir = "${cniPlugins}"
conf_dir = "${folder}/cni"
[${cri}.containerd]
snapshotter = "overlayfs"
[${cri}.containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[${cri}.containerd.runtimes.runc.options]
SystemdCgroup = false
`;
}

/** Pods have their own addresses wherever they send to: the lab has a route to each. */
export function cniConflist(pods: string): string {
  const ipam = {
    type: "host-local",
    dataDir: "/run/cni-ipam",
    ranges: [[{ subnet: pods }]],
    routes: [{ dst: "0.0.0.0/0" }],
  };
  const bridge = { type: "bridge", bridge: "cni0", isGateway: true, hairpinMode: true, ipam };
  const portmap = { type: "portmap", capabilities: { portMappings: true } };
  return text({ cniVersion: "0.4.0", name: "lab", plugins: [bridge, portmap] });
}

export function kubeletYaml({ folder, cgroup }: NodeFolders): string {
  return text({
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    containerRuntimeEndpoint: `unix://${containerdSocket(folder)}`,
    // Of cgroups as they are here; this containerd cannot tell by itself how it makes them.
    failCgroupV1: false,
    cgroupDriver: "cgroupfs",
    cgroupRoot: `/${cgroup}`,
    failSwapOn: false,
    authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
    authorization: { mode: "AlwaysAllow" },
    clusterDNS: [nameServiceAddress],
    clusterDomain: domain,
    resolvConf: join(folder, "resolv.conf"),
    evictionHard: {
      "memory.available": "100Mi",
      "nodefs.available": "1%",
      "imagefs.available": "1%",
    },
    imageGCHighThresholdPercent: 100,
    imageMinimumGCAge: "24h",
    // Its silence is noticed after 20 s (control-plane.ts), not 40.
    nodeLeaseDurationSeconds: 20,
    nodeStatusUpdateFrequency: "5s",
  });
}

export function kubeProxyYaml(kubeconfigFile: string): string {
  return text({
    apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
    kind: "KubeProxyConfiguration",
    clientConnection: { kubeconfig: kubeconfigFile },
    mode: "iptables",
    clusterCIDR: podNetwork,
    // Settings of the whole machine: they stay as they are.
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: "0s", tcpCloseWaitTimeout: "0s" },
  });
}

/** Knows the cluster's names, and that there are no others. */
export function corefile(kubeconfigFile: string): string {
  const zones = [domain, "in-addr.arpa"];
  const ports = (names: readonly string[]) => names.map((it) => `${it}:${nameServerPort}`);
  return `${ports(zones).join(" ")} {
  bind ${controlAddress}
  errors
  kubernetes ${zones.join(" ")} {
    kubeconfig ${kubeconfigFile}
    pods insecure
    ttl 5
  }
}
${ports(["."])} {
  bind ${controlAddress}
  template ANY ANY . {
    rcode NXDOMAIN
  }
}
`;
}

/** What is there before any chart: names, and disks that every node reaches, as a cloud's are. */
export function firstObjects(volumes: readonly string[]): string {
  return text({
    apiVersion: "v1",
    kind: "List",
    items: [...nameService(), storageClass, ...volumes.map(volume)],
  });
}

function nameService(): readonly Json[] {
  const metadata = { name: "kube-dns", namespace: "kube-system" };
  const ports = (["UDP", "TCP"] as const).map((protocol) => ({
    name: protocol.toLowerCase(),
    protocol,
  }));
  return [
    {
      apiVersion: "v1",
      kind: "Service",
      metadata,
      spec: {
        clusterIP: nameServiceAddress,
        ports: ports.map((it) => ({ ...it, port: 53, targetPort: nameServerPort })),
      },
    },
    {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: { ...metadata, labels: { "kubernetes.io/service-name": metadata.name } },
      addressType: "IPv4",
      ports: ports.map((it) => ({ ...it, port: nameServerPort })),
      endpoints: [{ addresses: [controlAddress], conditions: { ready: true } }],
    },
  ];
}

const className = "disks";

/** Nobody makes any: those that there are must do. */
const storageClass = {
  apiVersion: "storage.k8s.io/v1",
  kind: "StorageClass",
  metadata: {
    name: className,
    annotations: { "storageclass.kubernetes.io/is-default-class": "true" },
  },
  provisioner: "kubernetes.io/no-provisioner",
};

function volume(path: string, n: number): Json {
  return {
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name: `disk${n}` },
    spec: {
      storageClassName: className,
      capacity: { storage: "8Gi" },
      accessModes: ["ReadWriteOnce"],
      persistentVolumeReclaimPolicy: "Retain",
      hostPath: { path },
    },
  };
}
