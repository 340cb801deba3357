import type { Runtime } from "rookery";
import { onePage } from "./million-rows.ts";
import { rate } from "./rate.ts";

const PAGES = 5_000;

/** Pages a second: see `onePage`. */
export async function pages(runtime: Runtime, number: number, rowsOfAMoment?: number): Promise<number> {
  const { read, firstId, stop } = await onePage(runtime, number, rowsOfAMoment);
  const figure = await rate(PAGES, async () => {
    for (let count = 0; count < PAGES; count += 1) {
      const result = await read();
      if (!result.ok || result.value.data[0]!.id !== firstId)
        throw new Error("not the page that it should be");
    }
  });
  await stop();
  return figure;
}
