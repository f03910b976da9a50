/** JSON schemas of the objects that an operator brings along, from its CustomResourceDefinitions. */
import { parse } from "yaml";
import { z } from "zod";
import type { NamedSchema } from "./kubernetes-schemas.ts";

type Json = Readonly<Record<string, unknown>>;

const object = z.record(z.string(), z.unknown());
const definition = z.object({
  spec: z.object({
    group: z.string(),
    names: z.object({ kind: z.string() }),
    versions: z.array(
      z.object({ name: z.string(), schema: z.object({ openAPIV3Schema: object }) }),
    ),
  }),
});

/** One of each version that it has. An unknown key is a fault, other than the API server has it. */
export function customResourceSchemas(text: string): NamedSchema[] {
  const { group, names, versions } = definition.parse(parse(text)).spec;
  return versions.map(({ name: version, schema }) => {
    const root = closed(schema.openAPIV3Schema);
    const fixed = {
      apiVersion: { enum: [`${group}/${version}`] },
      kind: { enum: [names.kind] },
      // Of every object, and described elsewhere.
      metadata: { type: "object" },
    };
    const name = [names.kind, group.split(".")[0], version].join("-").toLowerCase();
    const properties = { ...object.parse(root.properties ?? {}), ...fixed };
    const required = ["apiVersion", "kind", "metadata", "spec"];
    return { name, text: JSON.stringify({ ...root, properties, required }) };
  });
}

/** What a definition says is kept, patterns and limits too; of each object the keys are all. */
function closed(schema: Json): Json {
  const { properties, items, additionalProperties: others } = schema;
  const isOpen = schema["x-kubernetes-preserve-unknown-fields"] === true;
  return {
    ...schema,
    ...(properties === undefined ? {} : { properties: eachClosed(object.parse(properties)) }),
    ...(properties === undefined || isOpen ? {} : { additionalProperties: false }),
    ...(items === undefined ? {} : { items: closed(object.parse(items)) }),
    ...(typeof others === "object" ? { additionalProperties: closed(object.parse(others)) } : {}),
  };
}

function eachClosed(schemas: Json): Json {
  const entries = Object.entries(schemas).map(([key, of]) => [key, closed(object.parse(of))]);
  return Object.fromEntries(entries);
}
