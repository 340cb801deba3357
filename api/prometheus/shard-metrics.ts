import { monitorEventLoopDelay } from "node:perf_hooks";
import { getHeapStatistics } from "node:v8";
import { ChannelServer, ConnectionServer } from "../../channels/internal.ts";
import type { Runtime } from "../../runtime/index.ts";
import { residentOf } from "../../runtime/internal.ts";
import type { FamilySnapshot } from "./metric-family.ts";

const EVENT_LOOP_RESOLUTION_MS = 10;
const NANOSECONDS = 1e9;

/** What a scrape looks at: the processes of a shard, and the thread on which they live. */
export class ShardMetrics {
  readonly #runtime: Runtime;
  readonly #delay: ReturnType<typeof monitorEventLoopDelay>;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
    this.#delay = monitorEventLoopDelay({ resolution: EVENT_LOOP_RESOLUTION_MS });
    this.#delay.enable();
  }

  close(): void {
    this.#delay.disable();
  }

  read(): FamilySnapshot[] {
    const shard = String(this.#runtime.place);
    const gauge = (name: string, help: string, value: number): FamilySnapshot => ({
      type: "gauge",
      name,
      help,
      labels: ["shard"],
      series: [{ labels: [shard], values: [value] }],
    });
    const { processes, runnable, sockets, channels, messages, longest } = census(this.#runtime);
    const heap = getHeapStatistics();
    const delay = this.#delays();
    return [
      gauge("rookery_processes", "Processes that live.", processes),
      gauge("rookery_run_queue_length", "Processes that wait for a turn.", runnable),
      gauge("rookery_mailbox_messages", "Messages that wait in mailboxes.", messages),
      gauge("rookery_mailbox_messages_max", "Messages in the longest mailbox.", longest),
      gauge("rookery_sockets", "Clients that are connected to sockets with channels.", sockets),
      gauge("rookery_channels", "Channels that are joined.", channels),
      gauge(
        "nodejs_eventloop_delay_mean_seconds",
        "Event loop mean delay since the last scrape.",
        delay.mean,
      ),
      gauge(
        "nodejs_eventloop_delay_p50_seconds",
        "Event loop 50 percentile delay since the last scrape.",
        delay.p50,
      ),
      gauge(
        "nodejs_eventloop_delay_p99_seconds",
        "Event loop 99 percentile delay since the last scrape.",
        delay.p99,
      ),
      gauge(
        "nodejs_eventloop_delay_max_seconds",
        "Event loop maximum delay since the last scrape.",
        delay.max,
      ),
      gauge("v8js_memory_heap_used_bytes", "Heap memory that is used.", heap.used_heap_size),
      gauge("v8js_memory_heap_limit_bytes", "Heap memory that may be used.", heap.heap_size_limit),
    ];
  }

  #delays(): Readonly<Record<"mean" | "p50" | "p99" | "max", number>> {
    const delay = this.#delay;
    // Without a sample there is no delay.
    const delays =
      delay.count === 0
        ? { mean: 0, p50: 0, p99: 0, max: 0 }
        : {
            mean: delay.mean / NANOSECONDS,
            p50: delay.percentile(50) / NANOSECONDS,
            p99: delay.percentile(99) / NANOSECONDS,
            max: delay.max / NANOSECONDS,
          };
    delay.reset();
    return delays;
  }
}

/** What all shards of a program have in common. */
export function programMetrics(): FamilySnapshot[] {
  const { user, system } = process.cpuUsage();
  const one = (type: "counter" | "gauge", name: string, help: string, value: number): FamilySnapshot => ({
    type,
    name,
    help,
    labels: [],
    series: [{ labels: [], values: [value] }],
  });
  return [
    one("counter", "process_cpu_seconds_total", "CPU time of the program.", (user + system) / 1e6),
    one("gauge", "process_resident_memory_bytes", "Memory that the program has.", process.memoryUsage.rss()),
    one("gauge", "process_uptime_seconds", "Time since the program began.", process.uptime()),
  ];
}

interface Census {
  readonly processes: number;
  readonly runnable: number;
  readonly sockets: number;
  readonly channels: number;
  readonly messages: number;
  readonly longest: number;
}

function census(runtime: Runtime): Census {
  const pids = runtime.processes();
  let [runnable, sockets, channels, messages, longest] = [0, 0, 0, 0, 0];
  for (const pid of pids) {
    const resident = residentOf(pid);
    if (resident === undefined) continue;
    const { length } = resident.mailbox;
    messages += length;
    if (length > longest) longest = length;
    if (resident.queued) runnable += 1;
    if (resident.instance instanceof ChannelServer) channels += 1;
    else if (resident.instance instanceof ConnectionServer) sockets += 1;
  }
  return { processes: pids.length, runnable, sockets, channels, messages, longest };
}
