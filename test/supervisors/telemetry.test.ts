import { describe, expect, onTestFinished, test } from "vitest";
import {
  attachTelemetry,
  detachTelemetry,
  GenServer,
  ok,
  type Pid,
  Runtime,
  silentLogger,
} from "../../runtime/index.ts";
import { settle, VirtualClock } from "../../runtime/testing.ts";
import {
  DynamicSupervisor,
  Supervisor,
  type SupervisorRestart,
  supervisorRestart,
} from "../../supervisors/index.ts";

class Worker extends GenServer<undefined> {
  init() {
    return ok(undefined);
  }
}

describe("rookery.supervisor.restart", () => {
  test("tells of each child that is started again, by both kinds of supervisors, and of no other end", async () => {
    const runtime = await Runtime.start({ logger: silentLogger, clock: new VirtualClock() });
    const told: SupervisorRestart[] = [];
    attachTelemetry("test", [supervisorRestart], (_measurements, metadata) => told.push(metadata));
    onTestFinished(async () => {
      detachTelemetry("test");
      await runtime.shutdown();
    });
    const children = [
      { id: "permanent", start: [Worker] as const, name: "permanent" },
      { id: "temporary", start: [Worker] as const, name: "temporary", restart: "temporary" as const },
    ];
    await runtime.start(Supervisor, { strategy: "one_for_one", children }, { name: "static" });
    const dynamic = await runtime.start(DynamicSupervisor, {}, { name: "dynamic" });
    const started = await DynamicSupervisor.startChild(runtime, dynamic, { id: "one", start: [Worker] });
    runtime.exit(runtime.whereis("permanent")!, "kill");
    await settle(runtime);
    runtime.exit(runtime.whereis("temporary")!, "kill");
    runtime.exit((started as { pid: Pid }).pid, "kill");
    await settle(runtime);
    expect(told).toEqual([
      { supervisor: "static", id: "permanent", server: "Worker" },
      { supervisor: "dynamic", id: "one", server: "Worker" },
    ]);
  });
});
