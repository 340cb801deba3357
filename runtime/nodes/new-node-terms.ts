import type { Runtime } from "../runtime.ts";
import type { NodeTerms } from "./node-terms.ts";

/** The encoding of messages for other nodes, which call this one `node`. Loaded by those who use it, and nobody else. */
export async function newNodeTerms(runtime: Runtime, node: string): Promise<NodeTerms> {
  const { NodeTerms } = await import("./node-terms.ts");
  return new NodeTerms(runtime, node);
}
