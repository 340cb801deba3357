import { getHeapStatistics } from "node:v8";
import { threadId } from "node:worker_threads";
import type { CpuContext } from "../../runtime/index.ts";

// What the tests of Task.cpu run on other threads.

export function square(n: number): number {
  return n * n;
}

export async function squareLater(n: number): Promise<number> {
  await Promise.resolve();
  return n * n;
}

export function thread(): number {
  return threadId;
}

/** Tells that it began, and never ends. */
export function spin(_: unknown, { progress }: CpuContext): never {
  progress("spinning");
  for (;;);
}

function makeArrays(count: number): void {
  for (let n = 0; n < count; n += 1) Array(1_000).fill(0);
}

/** Tells that it begins with what takes many minutes, once V8 has optimized that. */
export function spinOptimized(_: unknown, { progress }: CpuContext): void {
  makeArrays(100_000);
  progress("spinning");
  // No larger: V8 would have to optimize it again for other numbers.
  makeArrays(2 ** 30);
}

export function countTo(n: number, { progress }: CpuContext): string {
  for (let i = 1; i <= n; i += 1) progress(i);
  return "done";
}

export function sum(bytes: Uint8Array): number {
  return bytes.reduce((total, byte) => total + byte, 0);
}

let handedOut: Uint8Array<ArrayBuffer> | undefined;

export function bytes(n: number, { transfer }: CpuContext): Uint8Array {
  handedOut = new Uint8Array(n).fill(7);
  return transfer(handedOut, [handedOut.buffer]);
}

export function bytesLeft(): number | undefined {
  return handedOut?.byteLength;
}

export function fail(code: string): never {
  throw Object.assign(new RangeError("too far"), { code, cause: () => {} });
}

export function throwValue(value: unknown): never {
  throw value;
}

export function exitThread(code: number): never {
  process.exit(code);
}

export function hoard(): never {
  const hoarded: unknown[] = [];
  for (;;) hoarded.push(Array.from({ length: 1_000 }, () => ({})));
}

/** Leaves something behind that fails when the word is no longer 0. */
export function failLater(word: Int32Array): void {
  void Promise.resolve(Atomics.waitAsync(word, 0, 0).value).then(() => {
    throw new Error("left behind");
  });
}

/** What of this thread the host holds on to, open ports for one, in bytes. */
export function handles(): number {
  return getHeapStatistics().used_global_handles_size;
}

export function closure(): () => void {
  return () => {};
}

export const noFunction = 1;
