import type { ChaosFault, ChaosKit } from "./chaos-kit.ts";

/** Longer a thread is not held, and longer nothing is kept back, by a mistake in a number. */
const STALL_MS_MAX = 10_000;
const HOLD_MS_MAX = 60_000;
const FLOOD_MAX = 10_000;
const REASON_LENGTH_MAX = 40;

/** A fault that can be chosen: its name as it stands in scripts, with `#` for a number and `*` for a word. */
export interface FaultForm {
  readonly form: string;
  readonly about: string;
  /** Of the number, from 1 on. */
  readonly max?: number;
  /** What stands there unless somebody says otherwise. */
  readonly usual?: number | string;
  /** There has to be more than one shard for it. */
  readonly ofShards?: true;
}

interface KnownFault extends FaultForm {
  readonly make: (kit: ChaosKit, amount: number, word: string) => ChaosFault;
}

const FAULTS: readonly KnownFault[] = [
  { form: "kill", about: "an exit signal that nobody survives", make: (kit) => kit.kill() },
  {
    form: "exit *",
    about: "an exit signal with this reason",
    usual: "shutdown",
    make: (kit, _amount, word) => kit.exit(word),
  },
  { form: "crash", about: "the next callback throws", make: (kit) => kit.crash() },
  {
    form: "stall # ms",
    about: "the next callback holds its thread",
    max: STALL_MS_MAX,
    usual: 200,
    make: (kit, ms) => kit.stall(ms),
  },
  {
    form: "flood of #",
    about: "messages that nobody understands",
    max: FLOOD_MAX,
    usual: 100,
    make: (kit, messages) => kit.flood(messages),
  },
  { form: "socket cut", about: "a connection breaks without a word", make: (kit) => kit.socketCut() },
  {
    form: "slow reader for # ms",
    about: "a client seems to read nothing",
    max: HOLD_MS_MAX,
    usual: 1_000,
    make: (kit, ms) => kit.slowReader(ms),
  },
  {
    form: "shard crash",
    about: "a shard dies with all that lives on it, never the first",
    ofShards: true,
    make: (kit) => kit.shardCrash(),
  },
  {
    form: "delay for # ms",
    about: "what one shard sends to another is late",
    max: HOLD_MS_MAX,
    usual: 200,
    ofShards: true,
    make: (kit, ms) => kit.delayMessages(ms),
  },
  {
    form: "drop for # ms",
    about: "what one shard sends to another is lost",
    max: HOLD_MS_MAX,
    usual: 200,
    ofShards: true,
    make: (kit, ms) => kit.dropMessages(ms),
  },
];

/** Those that a page offers. */
export function offeredFaults(shards: number): readonly FaultForm[] {
  return FAULTS.filter(({ ofShards }) => ofShards !== true || shards > 1).map(
    ({ make: _make, ...form }) => form,
  );
}

/** Whether there is a fault with this name. */
export function isFaultName(name: unknown): boolean {
  return typeof name === "string" && FAULTS.some((fault) => amountIn(fault, name) !== undefined);
}

/** Whether the fault with this name is one of shards and what is between them, not of processes. */
export function strikesShards(name: string): boolean {
  return FAULTS.some((fault) => fault.ofShards === true && amountIn(fault, name) !== undefined);
}

/** What names there are, in words. */
export function faultNames(): string {
  return FAULTS.map(({ form, max }) =>
    form.replace("#", `<1 to ${max}>`).replace("*", `<a reason of up to ${REASON_LENGTH_MAX} characters>`),
  ).join(", ");
}

/** The faults with these names, which exist. */
export function faultsNamed(kit: ChaosKit, names: readonly string[]): ChaosFault[] {
  return names.flatMap((name) => {
    for (const fault of FAULTS) {
      const amount = amountIn(fault, name);
      if (amount !== undefined) return fault.make(kit, Number(amount), amount);
    }
    return [];
  });
}

/** What stands in the name at the place that the form leaves open, empty if there is none; undefined if it is not a name of that form. */
function amountIn({ form, max = 0 }: FaultForm, name: string): string | undefined {
  const [before, after] = form.split(/[#*]/) as [string, string?];
  if (after === undefined) return name === form ? "" : undefined;
  if (!name.startsWith(before) || !name.endsWith(after)) return undefined;
  const amount = name.slice(before.length, name.length - after.length);
  if (form.includes("*"))
    return /^[\w -]+$/.test(amount) && amount.length <= REASON_LENGTH_MAX ? amount : undefined;
  return /^[1-9]\d{0,6}$/.test(amount) && Number(amount) <= max ? amount : undefined;
}
