import { z } from "zod";
import { recordId } from "../record-id.ts";

/** The id in a path; undefined for what no record can have as its id, so that nothing is found. */
export const recordParams: z.ZodType<{ readonly id: number | undefined }, { readonly id: string }> = z.object(
  {
    id: z.string().transform(recordId),
  },
);
