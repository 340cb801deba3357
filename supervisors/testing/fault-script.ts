/** A fault that was inflicted, or is to be: when, which, and on what. */
export interface ScriptedFault {
  /** Since the beginning of the chaos. */
  readonly atMs: number;
  /**
   * Not then, but in the midst of work: when so many turns have been taken after that, by whichever processes. If there is not so much to do, a
   * second later, and never after the end of the chaos. Means nothing on real time.
   */
  readonly turns?: number;
  readonly fault: string;
  readonly target: string;
}

/** Faults, each with its time and its victim, in their order: what chaos has inflicted, and can inflict again. */
export type FaultScript = readonly ScriptedFault[];

/**
 * The shortest part of `script`, in its order, with which it still `fails`, as far as leaving out halves, quarters and so on down to
 * single faults finds it (delta debugging). `script` itself must fail. Asks at most `runsMax` times.
 */
export async function shrunk(
  script: FaultScript,
  fails: (script: FaultScript) => Promise<boolean>,
  runsMax: number,
): Promise<FaultScript> {
  let shortest = script;
  let runs = 0;
  for (let size = Math.ceil(shortest.length / 2); size >= 1;) {
    const before = shortest.length;
    for (let from = 0; from < shortest.length && runs < runsMax;) {
      const without = shortest.toSpliced(from, size);
      runs += 1;
      if (await fails(without)) shortest = without;
      else from += size;
    }
    // Of single faults, one may be left out only once a later one is.
    if (size > 1) size = Math.ceil(size / 2);
    else if (shortest.length === before) size = 0;
  }
  return shortest;
}
