import { receiveMessageOnPort, type Transferable } from "node:worker_threads";
import type { CpuAnswer, CpuContext, CpuFunction } from "./cpu-job.ts";
import type { CpuOrder } from "./cpu-pool.ts";

/** Runs in a thread of the pool: does what an order says. Resolves always; how it went goes through the order's port. */
export async function runOrder({ module, name, port, progress }: CpuOrder): Promise<void> {
  const answer = (message: CpuAnswer, transferred: readonly Transferable[] = []): void =>
    port.postMessage(message, transferred);
  let handedOver: readonly Transferable[] = [];
  const context: CpuContext = {
    progress: (value, transferred) => {
      if (progress) answer({ progress: value }, transferred);
    },
    transfer: (value, transferred) => {
      handedOver = transferred;
      return value;
    },
  };
  try {
    const exported = (await import(module)) as Readonly<Record<string, unknown>>;
    const run = exported[name];
    if (typeof run !== "function") {
      answer({ missing: typeof run });
      return;
    }
    // It is there: it was sent before the order.
    const { argument } = receiveMessageOnPort(port)!.message as { readonly argument: never };
    const value = await (run as CpuFunction)(argument, context);
    try {
      answer({ value }, handedOver);
    } catch (error) {
      answer({ uncopyable: (error as Error).message });
    }
  } catch (thrown) {
    answerThrown(thrown, answer);
  }
}

function answerThrown(thrown: unknown, answer: (message: CpuAnswer) => void): void {
  // A copy of an error is one of the language's own classes, without further properties: those that matter go beside it.
  const { name, code } = thrown instanceof Error ? (thrown as NodeJS.ErrnoException) : {};
  const named = { ...(typeof name === "string" && { name }), ...(typeof code === "string" && { code }) };
  try {
    answer({ thrown, named });
  } catch {
    const { message, stack } = thrown instanceof Error ? thrown : new Error(String(thrown));
    answer({ thrown: Object.assign(new Error(message), { stack }), named });
  }
}
