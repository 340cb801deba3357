/**
 * The door "rookery": the actor runtime and its supervisors. Importing it loads no HTTP server, no WebSocket
 * library and no database.
 *
 * Each of the two layers writes its public names out in its own door, so here `export *` hides nothing.
 */
export * from "./runtime/index.ts";
export * from "./supervisors/index.ts";
