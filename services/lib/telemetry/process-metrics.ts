/** What a process takes of its machine, asked at each collection. */
import { readFileSync, statfsSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Metrics } from "./metrics.ts";

export interface ProcessMetricsOptions {
  /** Lines of the log that nobody took fast enough. */
  readonly droppedLines: () => number;
  /** Where a queue on this machine is. */
  readonly data?: string;
  /** Default: the system's. */
  readonly readFile?: (path: string) => string;
}

/** Of a container: cgroup v2, then v1. */
const memoryLimits = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
/** What v1 says where there is none. */
const noLimit = 2 ** 60;
const delayResolutionMs = 20;

export function observeProcess(metrics: Metrics, options: ProcessMetricsOptions): void {
  const { droppedLines, data, readFile = (path) => readFileSync(path, "utf8") } = options;
  const startedAt = Date.now() / 1_000 - process.uptime();
  metrics.gauge("process_start_time_seconds", "Since the epoch.", () => startedAt);
  metrics.gauge("process_cpu_seconds", "Taken by all threads, user and system.", () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  metrics.gauge("process_resident_memory_bytes", "In memory.", () => process.memoryUsage.rss());
  metrics.gauge("godwit_memory_limit_bytes", "Of its container, where that has one.", () => {
    const limit = memoryLimit(readFile);
    return limit === undefined ? [] : [{ value: limit, labels: {} }];
  });
  observeDelay(metrics);
  metrics.gauge("godwit_log_lines_dropped", "Nobody took them fast enough.", droppedLines);
  if (data === undefined) return;
  metrics.gauge("godwit_disk_bytes", "Of the disk with the queue: free for us, and in all.", () => {
    const { bavail, blocks, bsize } = statfsSync(data);
    return [
      { value: bavail * bsize, labels: { of: "free" } },
      { value: blocks * bsize, labels: { of: "all" } },
    ];
  });
}

/** What an event waits for its turn, beyond the timer's own pace; since the last collection. */
function observeDelay(metrics: Metrics): void {
  const delays = monitorEventLoopDelay({ resolution: delayResolutionMs });
  delays.enable();
  metrics.gauge(
    "godwit_event_loop_delay_seconds",
    "How late timers are: the 99th percentile and the longest since the last time it was asked.",
    () => {
      const seconds = (nanos: number) => Math.max(0, nanos / 1e9 - delayResolutionMs / 1_000);
      const [most, longest] = [seconds(delays.percentile(99)), seconds(delays.max)];
      delays.reset();
      return [
        { value: most, labels: { quantile: "0.99" } },
        { value: longest, labels: { quantile: "1" } },
      ];
    },
  );
}

function memoryLimit(readFile: (path: string) => string): number | undefined {
  for (const path of memoryLimits) {
    try {
      const limit = Number(readFile(path).trim());
      if (Number.isSafeInteger(limit) && limit < noLimit) return limit;
    } catch {
      // Another version of cgroups, or none.
    }
  }
  return undefined;
}
