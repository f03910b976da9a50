/**
 * JSON schemas of Kubernetes' objects, one of each kind with all that it refers to, from the API's
 * OpenAPI description. An unknown key is a fault, other than the API server has it.
 */
import { z } from "zod";

export interface NamedSchema {
  /** As kubeconform looks for it: `deployment-apps-v1`. */
  readonly name: string;
  readonly text: string;
}

type Json = Readonly<Record<string, unknown>>;

const kind = z.object({ group: z.string(), version: z.string(), kind: z.string() });
const node = z.looseObject({
  $ref: z.string().optional(),
  type: z.string().optional(),
  format: z.string().optional(),
  enum: z.array(z.unknown()).optional(),
  required: z.array(z.string()).optional(),
  get items() {
    return node.optional();
  },
  get properties() {
    return z.record(z.string(), node).optional();
  },
  get additionalProperties() {
    return z.union([z.boolean(), node]).optional();
  },
  "x-kubernetes-group-version-kind": z.array(kind).optional(),
});
type Node = z.infer<typeof node>;

const prefix = "#/definitions/";
const quantity = ".resource.Quantity";

export function kubernetesSchemas(description: string): NamedSchema[] {
  const whole = z.object({ definitions: z.record(z.string(), node) });
  const { definitions } = whole.parse(JSON.parse(description));
  const strict = new Map(
    Object.entries(definitions).map(([name, of]) => [name, strictOf(name, of)] as const),
  );
  return Object.entries(definitions).flatMap(([name, of]) => {
    const kinds = of["x-kubernetes-group-version-kind"] ?? [];
    const [only] = kinds;
    // Several have one such as DeleteOptions.
    if (only === undefined || kinds.length > 1) return [];
    const { group, version, kind: word } = only;
    const fixed = {
      apiVersion: { enum: [group === "" ? version : `${group}/${version}`] },
      kind: { enum: [word] },
    };
    const root = strict.get(name) ?? {};
    const referred = reachable(name, definitions).map((ref) => [ref, strict.get(ref)] as const);
    const text = JSON.stringify({
      ...root,
      properties: { ...Object(root.properties), ...fixed },
      required: [...new Set([...(of.required ?? []), "apiVersion", "kind"])],
      definitions: Object.fromEntries(referred),
    });
    const parts = [word, group.split(".")[0], version].filter((part) => part !== "");
    return [{ name: parts.join("-").toLowerCase(), text }];
  });
}

function strictOf(name: string, of: Node): Json {
  return name.endsWith(quantity) ? { type: ["string", "number"] } : schemaOf(of);
}

function schemaOf(of: Node): Json {
  if (of.$ref !== undefined) return { $ref: of.$ref };
  if (of.format === "int-or-string") return { type: ["string", "integer"] };
  const { type, required, items, properties, additionalProperties } = of;
  return {
    ...(type === undefined ? {} : { type }),
    ...(of.enum === undefined ? {} : { enum: of.enum }),
    ...(required === undefined ? {} : { required }),
    ...(items === undefined ? {} : { items: schemaOf(items) }),
    ...(properties === undefined ? mapOf(additionalProperties) : closed(properties, required)),
  };
}

function closed(
  properties: Readonly<Record<string, Node>>,
  required: readonly string[] = [],
): Json {
  const entries = Object.entries(properties).map(([key, of]) => {
    const schema = schemaOf(of);
    // The API server takes null for what is left out.
    return [key, required.includes(key) ? schema : { anyOf: [schema, { type: "null" }] }] as const;
  });
  return { properties: Object.fromEntries(entries), additionalProperties: false };
}

function mapOf(of: boolean | Node | undefined): Json {
  return typeof of === "object" ? { additionalProperties: schemaOf(of) } : {};
}

/** All definitions that one refers to. */
function reachable(from: string, definitions: Readonly<Record<string, Node>>): string[] {
  const seen = new Set<string>();
  const open = [from];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    for (const ref of refsOf(definitions[name])) {
      if (seen.has(ref)) continue;
      seen.add(ref);
      open.push(ref);
    }
  }
  return [...seen];
}

function refsOf(of: Node | undefined): string[] {
  if (of === undefined) return [];
  const { $ref, items, properties = {}, additionalProperties: map } = of;
  const below = [items, ...Object.values(properties), typeof map === "object" ? map : undefined];
  return [
    ...($ref === undefined ? [] : [$ref.slice(prefix.length)]),
    ...below.flatMap((part) => refsOf(part)),
  ];
}
