/** The document is that of the code: its routes, its statuses, its schemas, and the file in `deploy/`. */
import { expect, test } from "bun:test";
import { z } from "zod";
import written from "../../../../deploy/openapi.json" with { type: "json" };
import { HttpBench } from "../../../../test/support/edge/http-bench.ts";
import { problemTitles } from "../problem.ts";
import { acceptedAnswer, problemAnswer } from "./answer-schema.ts";
import { openApiDocument } from "./openapi.ts";
import { operations } from "./operations.ts";
import { messageRequest } from "./request-schema.ts";

const document = z
  .object({
    paths: z.record(
      z.string(),
      z.record(z.string(), z.object({ responses: z.record(z.string(), z.unknown()) })),
    ),
    components: z.object({ schemas: z.record(z.string(), z.unknown()) }),
  })
  .parse(openApiDocument());

test("the file that others read is what is served: npm run -s openapi", () => {
  expect(written as unknown).toEqual(JSON.parse(JSON.stringify(openApiDocument())));
});

test("each route of the code is described, and no other", () => {
  const routes = new HttpBench().api.routes.routes
    .filter(({ method }) => method !== "ALL")
    .map(({ method, path }) => `${method} ${path}`);
  const described = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
  expect(described.sort()).toEqual(routes.sort());
});

test("each status that the code answers is described, and no other", () => {
  const ofCode = Object.keys(problemTitles).filter((status) => status !== "404");
  const { responses } = document.paths["/v1/messages"]?.post ?? { responses: {} };
  expect(Object.keys(responses)).toEqual(["202", ...ofCode].sort());
});

test("the schemas are those that requests are checked by", () => {
  const { $schema: _, ...form } = z.toJSONSchema(messageRequest, { io: "input" });
  expect(document.components.schemas.MessageRequest).toEqual(form);
  expect(Object.keys(form.properties ?? {})).toEqual(Object.keys(messageRequest.shape));
});

test("whatever it refers to is there", () => {
  const text = JSON.stringify(openApiDocument());
  const refs = [...text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map(([, id]) => id);
  expect(refs.length).toBeGreaterThan(10);
  expect(Object.keys(document.components.schemas)).toEqual(expect.arrayContaining(refs));
  expect(text).not.toContain("$defs");
});

test("what is answered is of the form that is described", async () => {
  const bench = new HttpBench();
  const good = { from: "a@b.example", to: ["c@d.example", "none"], text: "x" };
  const accepted = await bench.post(good);
  expect(() => acceptedAnswer.parse(accepted.body)).not.toThrow();
  for (const request of ["{", { from: 1 }, { ...good, to: ["none"] }]) {
    const { status, body } = await bench.post(request);
    expect(problemAnswer.parse(body).status).toBe(status);
  }
});

test("an operation has one success, and says what each status means", () => {
  for (const { success, problems, summary } of operations) {
    expect(
      [summary, success.says, ...Object.values(problems)].every((it) => it.endsWith(".")),
    ).toBe(true);
  }
});
