import { api } from "./api.js";
import { connection } from "./connection.js";
import { Store } from "./store.js";

const PAGE_LENGTH = 20;
const initial = {
  orders: [],
  live: "joining", // or "joined", "lost", "refused"
  loaded: false,
  loading: false,
  more: false,
  error: "",
  cancelling: new Set(),
};

/** The user's orders, newest first: a page at a time from REST, and every change from the channel. */
class Orders extends Store {
  #byId = new Map();
  #channel = null;
  #cursor;
  #listeners = new Set();

  open(userId) {
    this.close();
    const channel = connection.channel(`orders:${userId}`);
    if (channel === null) return;
    this.#channel = channel;
    const here = (handle) => (payload) => {
      if (this.#channel === channel) handle(payload);
    };
    channel.on(
      "order_created",
      here((order) => this.#changed(order)),
    );
    channel.on(
      "order_updated",
      here((order) => this.#changed(order)),
    );
    channel.onError(here(() => this.update({ live: "lost" })));
    channel.onClose(here(() => this.update({ live: "lost" })));
    channel
      .join()
      // What happened while nobody listened is in the newest page.
      .receive(
        "ok",
        here(() => (this.update({ live: "joined" }), void this.refresh())),
      )
      .receive(
        "error",
        here(() => this.update({ live: "refused" })),
      );
  }

  close() {
    this.#channel?.leave();
    this.#channel = null;
    this.#byId.clear();
    this.#cursor = undefined;
    this.set(initial);
  }

  /** Calls `listener(order)` once for each order that is placed or cancelled from now on, in whichever window. */
  onChange(listener) {
    this.#listeners.add(listener);
  }

  async refresh() {
    await this.#load(undefined);
  }

  async loadMore() {
    await this.#load(this.#cursor);
  }

  async place(items) {
    const order = await api.placeOrder(items);
    this.#changed(order);
    return order;
  }

  async cancel(id) {
    this.update({ cancelling: new Set(this.value.cancelling).add(id) });
    try {
      this.#changed(await api.cancelOrder(id));
    } catch (error) {
      if (error.status === 409) await this.refresh();
      throw error;
    } finally {
      const cancelling = new Set(this.value.cancelling);
      cancelling.delete(id);
      this.update({ cancelling });
    }
  }

  async #load(after) {
    const channel = this.#channel;
    this.update({ loading: true, error: "" });
    try {
      const { data, meta } = await api.orders({ after, limit: PAGE_LENGTH });
      if (this.#channel !== channel) return; // another user, or nobody
      const isFirst = after === undefined;
      const hole = isFirst && this.#byId.size > 0 && data.every(({ id }) => !this.#byId.has(id)) && meta.next;
      if (hole) this.#byId.clear();
      const startsAnew = isFirst && (hole || !this.value.loaded);
      for (const order of data) this.#take(order);
      if (startsAnew || !isFirst) this.#cursor = meta.next ?? undefined;
      this.#show({ loaded: true, loading: false, more: this.#cursor !== undefined });
    } catch (error) {
      if (this.#channel === channel) this.update({ loading: false, error: error.message });
    }
  }

  #changed(order) {
    const before = this.#byId.get(order.id);
    this.#take(order);
    const after = this.#byId.get(order.id);
    this.#show();
    if (before?.status === after.status) return;
    for (const listener of this.#listeners) listener(after);
  }

  /** A cancelled order stays cancelled: an older picture of it that arrives late changes nothing. */
  #take(order) {
    if (this.#byId.get(order.id)?.status !== "cancelled") this.#byId.set(order.id, order);
  }

  #show(changes = {}) {
    this.update({ ...changes, orders: [...this.#byId.values()].sort((a, b) => b.id - a.id) });
  }
}

export const orders = new Orders(initial);
