import { setFlagsFromString } from "node:v8";

/**
 * Has V8 keep, in each loop that it optimizes from now on, on any thread, the place where it can be terminated. Node 24's takes it out of an endless loop
 * that makes an array of a fixed length: the pass that unrolls loops finds that filling the array ends soon and needs no such place, and
 * then drops the next one it comes across, which is that of the loop around it. Such a thread ends for nobody, not even for `terminate()`.
 *
 * Not before a thread may have to be ended: with other flags V8 can't use what Node has compiled in advance, and loops of a few instructions
 * take up to 1.7 times as long.
 */
export function terminableLoops(): void {
  setFlagsFromString("--no-turboshaft-loop-unrolling");
}
