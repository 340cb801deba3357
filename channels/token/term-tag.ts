/** The tags of Erlang's external term format that plain data needs. Everything else is refused. */
export const TermTag = {
  NewFloat: 70,
  SmallInteger: 97,
  Integer: 98,
  Float: 99,
  Atom: 100,
  SmallTuple: 104,
  LargeTuple: 105,
  Nil: 106,
  String: 107,
  List: 108,
  Binary: 109,
  SmallBig: 110,
  LargeBig: 111,
  SmallAtom: 115,
  Map: 116,
  AtomUtf8: 118,
  SmallAtomUtf8: 119,
} as const;

/** What an encoded term begins with. */
export const TERM_VERSION = 131;

/** Deeper terms are refused in both directions: each level is a frame on the stack. */
export const TERM_DEPTH_MAX = 256;
