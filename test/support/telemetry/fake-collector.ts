/** An OpenTelemetry collector on loopback that keeps what is posted to it. */
import { z } from "zod";

const attribute = z.object({ key: z.string(), value: z.record(z.string(), z.unknown()) });
const resource = z.object({ attributes: z.array(attribute) });
const span = z.object({
  traceId: z.string(),
  spanId: z.string(),
  parentSpanId: z.string().optional(),
  name: z.string(),
  kind: z.number(),
  startTimeUnixNano: z.string(),
  endTimeUnixNano: z.string(),
  attributes: z.array(attribute),
  status: z.object({ code: z.number(), message: z.string() }).optional(),
});
const metric = z.looseObject({ name: z.string() });
const posted = z.object({
  resourceSpans: z
    .array(z.object({ resource, scopeSpans: z.array(z.object({ spans: z.array(span) })) }))
    .default([]),
  resourceMetrics: z
    .array(z.object({ resource, scopeMetrics: z.array(z.object({ metrics: z.array(metric) })) }))
    .default([]),
});

export type PostedSpan = z.output<typeof span> & { readonly service: unknown };

export class FakeCollector implements AsyncDisposable {
  readonly posts: { readonly path: string; readonly headers: Headers }[] = [];
  readonly spans: PostedSpan[] = [];
  readonly metrics = new Map<string, z.output<typeof metric>>();
  /** What it answers; a status of 200 unless told. */
  status = 200;
  readonly #server: ReturnType<typeof Bun.serve>;
  #changed: (() => void)[] = [];

  constructor() {
    this.#server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: async (request) => {
        const content = posted.parse(await request.json());
        this.posts.push({ path: new URL(request.url).pathname, headers: request.headers });
        if (this.status === 200) this.#keep(content);
        for (const changed of this.#changed.splice(0)) changed();
        return new Response("{}", { status: this.status });
      },
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.port}`;
  }

  /** Resolves when what it has is enough. */
  async has(isEnough: (collector: FakeCollector) => boolean): Promise<void> {
    while (!isEnough(this)) await new Promise<void>((resolve) => this.#changed.push(resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop(true);
  }

  #keep({ resourceSpans, resourceMetrics }: z.output<typeof posted>): void {
    for (const { resource: of, scopeSpans } of resourceSpans) {
      const service = attributesOf(of)["service.name"];
      const spans = scopeSpans.flatMap((scope) => scope.spans);
      this.spans.push(...spans.map((one) => ({ ...one, service })));
    }
    for (const { scopeMetrics } of resourceMetrics) {
      for (const one of scopeMetrics.flatMap(({ metrics }) => metrics)) {
        this.metrics.set(one.name, one);
      }
    }
  }
}

export function attributesOf(of: z.output<typeof resource>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(of.attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}
