import { api } from "./api.js";
import { Store } from "./store.js";

/** The rooms of the colony: `{rooms, loading, error}`. */
class Rooms extends Store {
  async load() {
    this.update({ loading: true, error: "" });
    try {
      this.set({ rooms: await api.rooms(), loading: false, error: "" });
    } catch (error) {
      this.update({ loading: false, error: error.message });
    }
  }
}

export const rooms = new Rooms({ rooms: [], loading: false, error: "" });
