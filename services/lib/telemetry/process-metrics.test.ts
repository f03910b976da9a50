import { expect, test } from "bun:test";
import { tmpdir } from "node:os";
import { PrometheusMetrics } from "./metrics.ts";
import { observeProcess, type ProcessMetricsOptions } from "./process-metrics.ts";

async function valuesOf(options: Partial<ProcessMetricsOptions> = {}) {
  const metrics = new PrometheusMetrics();
  const readFile = () => "max\n";
  observeProcess(metrics, { droppedLines: () => 7, readFile, ...options });
  const lines = (await metrics.render()).split("\n").filter((line) => !line.startsWith("#"));
  return new Map(
    lines.map((line): [string, number] => {
      const at = line.lastIndexOf(" ");
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
}

test("a process tells what it takes", async () => {
  const values = await valuesOf({ data: tmpdir() });
  expect(values.get("process_cpu_seconds")).toBeGreaterThan(0);
  expect(values.get("process_resident_memory_bytes")).toBeGreaterThan(1_000_000);
  expect(values.get("process_start_time_seconds")).toBeGreaterThan(1_700_000_000);
  expect(values.get("godwit_log_lines_dropped")).toBe(7);
  expect(values.get('godwit_event_loop_delay_seconds{quantile="0.99"}')).toBeGreaterThanOrEqual(0);
  expect(values.get('godwit_event_loop_delay_seconds{quantile="1"}')).toBeGreaterThanOrEqual(0);
  const [free = 0, all = 0] = ["free", "all"].map((of) => {
    return values.get(`godwit_disk_bytes{of="${of}"}`);
  });
  expect(free).toBeGreaterThan(0);
  expect(all).toBeGreaterThanOrEqual(free);
});

test.each([
  ["cgroup v2", { "/sys/fs/cgroup/memory.max": "536870912\n" }, 536_870_912],
  ["cgroup v1", { "/sys/fs/cgroup/memory/memory.limit_in_bytes": "1048576\n" }, 1_048_576],
  [
    "v1 without one",
    { "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712" },
    undefined,
  ],
  ["v2 without one", { "/sys/fs/cgroup/memory.max": "max\n" }, undefined],
])("the limit of a container: %s", async (_, files: Readonly<Record<string, string>>, limit) => {
  const readFile = (path: string) => {
    const text = files[path];
    if (text === undefined) throw new Error("ENOENT");
    return text;
  };
  const values = await valuesOf({ readFile });
  expect(values.get("godwit_memory_limit_bytes")).toBe(limit);
  expect([...values.keys()].some((name) => name.startsWith("godwit_disk"))).toBe(false);
});
