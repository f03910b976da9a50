/** What a pod finds: the files of its folder and its environment, from the objects that it names. */
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import type { Manifest } from "./chart.ts";

const texts = z.record(z.string(), z.string());
const items = z.array(z.object({ key: z.string(), path: z.string() }));
const source = z.object({
  configMap: z.object({ name: z.string() }).optional(),
  secret: z.object({ name: z.string(), items }).optional(),
});
const volume = z.looseObject({
  name: z.string(),
  projected: z.looseObject({ sources: z.array(source) }).optional(),
  secret: z.looseObject({ secretName: z.string(), items }).optional(),
});
const secretKey = z.object({ secretKeyRef: z.object({ name: z.string(), key: z.string() }) });
const container = z.looseObject({
  env: z.array(z.looseObject({ name: z.string(), valueFrom: z.unknown().optional() })).optional(),
});
const workload = z.looseObject({
  template: z.looseObject({
    spec: z.looseObject({ containers: z.array(container), volumes: z.array(volume) }),
  }),
});

/** Those of the volume, by their paths. @throws when the pod names what nobody makes */
export function podFiles(
  manifests: readonly Manifest[],
  pod: Manifest,
  name = "files",
): ReadonlyMap<string, Uint8Array> {
  const { volumes } = workload.parse(pod.spec).template.spec;
  const found = volumes.find((it) => it.name === name);
  const { sources = [] } = found?.projected ?? {};
  const { secret } = found ?? {};
  const all = secret === undefined ? sources : [{ secret: { ...secret, name: secret.secretName } }];
  const files = new Map<string, Uint8Array>();
  for (const { configMap, secret } of all.map((it) => source.parse(it))) {
    const data = configMap === undefined ? {} : dataOf(manifests, "ConfigMap", configMap.name);
    for (const [path, text] of Object.entries(data))
      files.set(path, new TextEncoder().encode(text));
    for (const { key, path } of secret?.items ?? []) {
      files.set(path, secretValue(manifests, secret?.name ?? "", key));
    }
  }
  return files;
}

/** @returns the folder */
export async function writeFiles(
  folder: string,
  files: ReadonlyMap<string, Uint8Array | string>,
): Promise<string> {
  for (const [path, content] of files) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content, { mode: 0o440 });
  }
  return folder;
}

/** What its first container has from Secrets. */
export function podEnvironment(
  manifests: readonly Manifest[],
  pod: Manifest,
): Readonly<Record<string, string>> {
  const [first] = workload.parse(pod.spec).template.spec.containers;
  const named = (first?.env ?? []).flatMap(({ name, valueFrom }) => {
    const from = secretKey.safeParse(valueFrom);
    if (!from.success) return [];
    const { name: secret, key } = from.data.secretKeyRef;
    return [[name, new TextDecoder().decode(secretValue(manifests, secret, key))] as const];
  });
  return Object.fromEntries(named);
}

function secretValue(manifests: readonly Manifest[], name: string, key: string): Uint8Array {
  const value = dataOf(manifests, "Secret", name)[key];
  if (value === undefined) throw new Error(`Secret ${name} has no ${key}`);
  return Uint8Array.fromBase64(value);
}

function dataOf(manifests: readonly Manifest[], kind: string, name: string) {
  const found = manifests.find((it) => it.kind === kind && it.metadata.name === name);
  if (found === undefined) throw new Error(`There is no ${kind} ${name}`);
  return texts.parse(found.data);
}
