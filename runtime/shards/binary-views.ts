type View = abstract new (...from: never) => NodeJS.ArrayBufferView;

/** Not in every Node that this runs on. */
const { Float16Array } = globalThis as { readonly Float16Array?: View };

/** The classes of binary data that cross to other shards, besides ArrayBuffer; their places here are what crosses. */
export const VIEWS: readonly View[] = [
  Buffer,
  Uint8Array,
  Int8Array,
  Uint8ClampedArray,
  Uint16Array,
  Int16Array,
  Uint32Array,
  Int32Array,
  Float32Array,
  Float64Array,
  BigUint64Array,
  BigInt64Array,
  DataView,
  ...(Float16Array === undefined ? [] : [Float16Array]),
];
