import { expect, test } from "bun:test";
import { z } from "zod";
import { customResourceSchemas } from "./custom-resource-schemas.ts";

const text = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
spec:
  group: birds.example.net
  names: { kind: Nest, plural: nests }
  versions:
    - name: v1
      schema:
        openAPIV3Schema:
          type: object
          properties:
            apiVersion: { type: string }
            kind: { type: string }
            metadata: { type: object }
            spec:
              type: object
              required: [eggs]
              properties:
                eggs: { type: integer, maximum: 5 }
                labels: { type: object, additionalProperties: { type: string } }
                straws:
                  type: array
                  items: { type: object, properties: { name: { type: string, pattern: "^[a-z]+$" } } }
                anything: { type: object, properties: {}, x-kubernetes-preserve-unknown-fields: true }
    - name: v2
      schema: { openAPIV3Schema: { type: object } }
`;

const schemas = customResourceSchemas(text);

test("a schema of each version is named as kubeconform looks for it", () => {
  expect(schemas.map(({ name }) => name)).toEqual(["nest-birds-v1", "nest-birds-v2"]);
  expect(JSON.parse(schemas[1]?.text ?? "")).toMatchObject({
    properties: { apiVersion: { enum: ["birds.example.net/v2"] }, kind: { enum: ["Nest"] } },
  });
});

test("takes what the definition describes, and nothing else", () => {
  const schema = z.fromJSONSchema(JSON.parse(schemas[0]?.text ?? ""));
  const nest = (spec: unknown) => ({
    apiVersion: "birds.example.net/v1",
    kind: "Nest",
    metadata: { name: "mine", labels: { a: "b" } },
    spec,
  });
  const right = { eggs: 3, labels: { any: "x" }, straws: [{ name: "a" }], anything: { at: 1 } };
  expect(schema.safeParse(nest(right)).success).toBe(true);
  const wrong = [
    {},
    { eggs: 6 },
    { eggs: 3, feathers: 1 },
    { eggs: 3, straws: [{ name: "A" }] },
    { eggs: 3, straws: [{ name: "a", length: 1 }] },
    { eggs: 3, labels: { any: 1 } },
  ];
  for (const spec of wrong) expect(schema.safeParse(nest(spec)).success).toBe(false);
  expect(schema.safeParse({ ...nest(right), kind: "Egg" }).success).toBe(false);
});
