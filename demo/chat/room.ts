import type { Generated, Selectable } from "kysely";

export interface RoomTable {
  readonly id: Generated<number>;
  readonly name: string;
}

export type Room = Selectable<RoomTable>;
