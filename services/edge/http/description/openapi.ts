/** The API's description (OpenAPI 3.1), made of the schemas that check its requests. */
import { z } from "zod";
import { problemContentType } from "../problem.ts";
import { jsonType, rawType } from "../request-form.ts";
import { acceptedAnswer, problemAnswer, recipientResult } from "./answer-schema.ts";
import { type Operation, operations } from "./operations.ts";
import { messageRequest } from "./request-schema.ts";

type Json = Readonly<Record<string, unknown>>;

/** Those that have a name in the document. */
const named = z.registry<{ id: string }>();
named.add(messageRequest, { id: "MessageRequest" });
named.add(acceptedAnswer, { id: "Accepted" });
named.add(recipientResult, { id: "RecipientResult" });
named.add(problemAnswer, { id: "Problem" });

export function openApiDocument(): Json {
  const paths: Record<string, Json> = {};
  for (const operation of operations) {
    paths[operation.path] = { ...paths[operation.path], [operation.method]: described(operation) };
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Godwit: submission of messages",
      version: "1",
      description: "What 202 means, and how repeats, templates and limits work: ADR 0024.",
    },
    paths,
    components: { schemas: namedSchemas(), securitySchemes: { token: bearer } },
  };
}

function described({ operationId, summary, needsToken, request, success, problems }: Operation) {
  return {
    operationId,
    summary,
    ...(needsToken ? { security: [{ token: [] }] } : {}),
    ...(request === undefined ? {} : requestOf(request)),
    responses: {
      [success.status]: {
        description: success.says,
        content: {
          [jsonType]: { schema: success.body === undefined ? {} : schemaOf(success.body) },
        },
      },
      ...Object.fromEntries(
        Object.entries(problems).map(([status, description]) => [
          status,
          { description, content: { [problemContentType]: { schema: schemaOf(problemAnswer) } } },
        ]),
      ),
    },
  };
}

function requestOf({ json, rawQuery }: NonNullable<Operation["request"]>) {
  return {
    parameters: [...headerParameters, ...queryParameters(rawQuery)],
    requestBody: {
      required: true,
      content: {
        [jsonType]: { schema: schemaOf(json) },
        [rawType]: { schema: { type: "string", contentMediaType: rawType } },
      },
    },
  };
}

const headerParameters = [
  {
    name: "Idempotency-Key",
    in: "header",
    description: "The same request again within 24 h under the same key gets the first answer.",
    schema: { type: "string", pattern: "^[!-~]{1,255}$" },
  },
  {
    name: "traceparent",
    in: "header",
    description: "W3C Trace Context: the messages join this trace.",
    schema: { type: "string" },
  },
];

/** Of a message that is sent as such: nothing else has a query. */
function queryParameters(schema: z.ZodType): readonly Json[] {
  const { properties = {} } = z.toJSONSchema(schema, { io: "input" });
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: "query",
    description: `Of ${rawType}.`,
    schema: property,
  }));
}

const bearer = { type: "http", scheme: "bearer" };

function refTo(id: string): string {
  return `#/components/schemas/${id}`;
}

function schemaOf(schema: z.ZodType): Json {
  const id = named.get(schema)?.id;
  return id === undefined ? {} : { $ref: refTo(id) };
}

/** A schema's own place and dialect are the document's. */
function namedSchemas(): Json {
  const { schemas } = z.toJSONSchema(named, { io: "input", uri: refTo });
  const entries = Object.entries(schemas).map(([id, { $schema: _, $id: __, ...form }]) => [
    id,
    form,
  ]);
  return Object.fromEntries(entries);
}
