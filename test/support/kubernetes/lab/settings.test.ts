import { describe, expect, test } from "bun:test";
import { parse } from "yaml";
import {
  cniConflist,
  containerdToml,
  corefile,
  firstObjects,
  kubeconfig,
  kubeletYaml,
} from "./settings.ts";

const folders = { folder: "/lab/node1", cniPlugins: "/lab/cni", cgroup: "lab-node1" };

describe("a node's files", () => {
  test("lead to the same socket, and to cgroups of its own", () => {
    const toml = Bun.TOML.parse(containerdToml(folders));
    const kubelet = parse(kubeletYaml(folders));
    expect(toml).toMatchObject({ grpc: { address: "/lab/node1/containerd.sock" } });
    expect(kubelet).toMatchObject({
      containerRuntimeEndpoint: "unix:///lab/node1/containerd.sock",
      cgroupRoot: "/lab-node1",
      resolvConf: "/lab/node1/resolv.conf",
    });
  });

  test("give pods addresses of its network, by the plugins that it has", () => {
    expect(Bun.TOML.parse(containerdToml(folders))).toMatchObject({
      plugins: { "io.containerd.grpc.v1.cri": { cni: { bin_dir: "/lab/cni" } } },
    });
    const { plugins } = parse(cniConflist("10.244.7.0/24"));
    expect(plugins[0].ipam.ranges).toEqual([[{ subnet: "10.244.7.0/24" }]]);
  });
});

test("the name server hides what it does not know behind NXDOMAIN, and listens where pods are told", () => {
  const text = corefile("/lab/kubeconfig");
  expect(text).toContain("cluster.local:5300 in-addr.arpa:5300 {");
  expect(text).toContain(".:5300 {");
  expect(text.match(/bind 10\.77\.0\.1/g)).toHaveLength(2);
});

test("disks are the default class's, one volume each", () => {
  const { items } = parse(firstObjects(["/lab/disk0", "/lab/disk1"]));
  const volumes = items.filter(({ kind }: { kind: string }) => kind === "PersistentVolume");
  expect(volumes.map(({ spec }: { spec: { hostPath: unknown } }) => spec.hostPath)).toEqual([
    { path: "/lab/disk0" },
    { path: "/lab/disk1" },
  ]);
});

test("the way to the API server is its address in the lab", () => {
  const { clusters, users } = parse(kubeconfig({ certificate: "/lab/ca", token: "t" }));
  expect(clusters[0].cluster.server).toBe("https://10.77.0.1:6443");
  expect(users[0].user).toEqual({ token: "t" });
});
