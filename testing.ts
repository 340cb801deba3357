/**
 * The door "rookery/testing": runtimes on simulated time, and tests of channels without a network.
 *
 * Each of the two layers writes its public names out in its own door, so here `export *` hides nothing.
 */
export * from "./runtime/testing.ts";
export * from "./channels/testing.ts";
