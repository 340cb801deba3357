/**
 * The door "rookery/testing": runtimes on simulated time, faults on purpose, and tests of channels without a network.
 *
 * Each of the layers writes its public names out in its own door, so here `export *` hides nothing.
 */
export * from "./runtime/testing.ts";
export * from "./supervisors/testing.ts";
export * from "./channels/testing.ts";
