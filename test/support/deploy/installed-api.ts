/** As much of a Kubernetes API server as helm asks before an upgrade: what kinds there are, and what is found again. */
import { type Manifest, namespace } from "./chart.ts";

const version = { major: "1", minor: "37", gitVersion: "v1.37.2" };
const paths: readonly (readonly [kind: string, path: RegExp])[] = [
  ["Secret", /^\/api\/v1\/namespaces\/[^/]+\/secrets\/([^/]+)$/],
  ["Deployment", /^\/apis\/apps\/v1\/namespaces\/[^/]+\/deployments\/([^/]+)$/],
];

export class InstalledApi implements Disposable {
  readonly #server: Bun.Server<undefined>;

  /** Of a release that was installed; `known` has kinds that it may get. */
  constructor(manifests: readonly Manifest[], known: readonly Manifest[] = []) {
    const kinds = discovery([...manifests, ...known]);
    const answers = new Map<string, object>([["/version", version], ...kinds]);
    this.#server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: ({ url }) => {
        const { pathname } = new URL(url);
        const found = manifests.find(({ kind, metadata }) =>
          paths.some(([of, path]) => of === kind && path.exec(pathname)?.[1] === metadata.name),
        );
        return answered(found === undefined ? answers.get(pathname) : owned(found));
      },
    });
  }

  get url(): string {
    return this.#server.url.href;
  }

  [Symbol.dispose](): void {
    void this.#server.stop(true);
  }
}

/** Helm takes no object for its own that does not say so. */
function owned({ metadata, ...object }: Manifest): object {
  const name = metadata.labels?.["app.kubernetes.io/instance"];
  const owner = { "meta.helm.sh/release-name": name, "meta.helm.sh/release-namespace": namespace };
  return {
    ...object,
    metadata: { ...metadata, annotations: { ...metadata.annotations, ...owner } },
  };
}

function answered(found: object | undefined): Response {
  if (found !== undefined) return Response.json(found);
  const missing = { kind: "Status", apiVersion: "v1", status: "Failure", reason: "NotFound" };
  return Response.json({ ...missing, code: 404 }, { status: 404 });
}

function discovery(manifests: readonly Manifest[]): [string, object][] {
  const byVersion = Map.groupBy(manifests, ({ apiVersion }) => apiVersion);
  const groups = [...byVersion.keys()]
    .filter((groupVersion) => groupVersion.includes("/"))
    .map((groupVersion) => {
      const [name, version] = groupVersion.split("/");
      return { name, versions: [{ groupVersion, version }] };
    });
  const lists = [...byVersion].map(([groupVersion, objects]): [string, object] => {
    const kinds = [...new Set(objects.map(({ kind }) => kind))];
    const resources = kinds.map((kind) => ({
      ...{ kind, name: `${kind.toLowerCase()}s`, namespaced: true, verbs: ["get", "list"] },
    }));
    const path = groupVersion.includes("/") ? `/apis/${groupVersion}` : `/api/${groupVersion}`;
    return [path, { kind: "APIResourceList", apiVersion: "v1", groupVersion, resources }];
  });
  return [
    ["/api", { kind: "APIVersions", versions: ["v1"] }],
    ["/apis", { kind: "APIGroupList", apiVersion: "v1", groups }],
    ...lists,
  ];
}
