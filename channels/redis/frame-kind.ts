/** The kinds of what nodes say to each other over Redis: the second byte of a frame. */
export const FrameKind = {
  broadcast: 1,
  direct: 2,
  /** A place is gone. */
  lost: 3,
  /** Has anybody else this name? */
  who: 4,
  /** Yes. */
  taken: 5,
  /** A node is there; it leaves. */
  alive: 6,
  bye: 7,
  /** How the connection with another one stands, and what is carried through it. */
  link: 8,
  carried: 9,
} as const;
