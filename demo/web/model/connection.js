import { Socket } from "/vendor/phoenix.mjs";
import { api } from "./api.js";
import { session } from "./session.js";
import { Store } from "./store.js";

const RETRY_MS = [250, 500, 1_000, 2_000, 4_000, 8_000];
const RETRY_MAX_MS = 15_000;

/**
 * The one socket of the page. Its value is `{state, retryAtMs}` with state "closed", "connecting", "connected",
 * "waiting" (for the next attempt, at `retryAtMs`) or "offline" (the device has no network).
 */
class Connection extends Store {
  #socket = null;

  /** Connects as the user of the session, and stays connected until `close`. */
  open() {
    this.close();
    const socket = new Socket("/socket", {
      params: () => ({ token: session.token ?? "" }),
      reconnectAfterMs: (tries) => {
        // The first retries come at random within their delay: a restarted server meets us one by one.
        const delayMs = Math.round((RETRY_MS[tries - 1] ?? RETRY_MAX_MS) * (0.6 + Math.random() * 0.4));
        if (this.#socket === socket) this.#waitFor(delayMs);
        return delayMs;
      },
    });
    this.#socket = socket;
    socket.onOpen(() => this.set({ state: "connected", retryAtMs: 0 }));
    socket.onError(() => this.#checkToken(socket));
    this.set({ state: navigator.onLine ? "connecting" : "offline", retryAtMs: 0 });
    socket.connect();
  }

  close() {
    const socket = this.#socket;
    this.#socket = null;
    socket?.disconnect();
    this.set({ state: "closed", retryAtMs: 0 });
  }

  retryNow() {
    const socket = this.#socket;
    if (socket === null || socket.isConnected()) return;
    this.set({ state: "connecting", retryAtMs: 0 });
    socket.disconnect(() => {
      if (this.#socket === socket) socket.connect();
    });
  }

  /** A channel of the socket, not yet joined; null while there is no socket. */
  channel(topic) {
    return this.#socket?.channel(topic, {}) ?? null;
  }

  networkChanged() {
    if (this.#socket === null) return;
    if (navigator.onLine) this.retryNow();
    else if (!this.#socket.isConnected()) this.set({ state: "offline", retryAtMs: 0 });
  }

  #waitFor(delayMs) {
    this.set(
      navigator.onLine
        ? { state: "waiting", retryAtMs: Date.now() + delayMs }
        : { state: "offline", retryAtMs: 0 },
    );
    setTimeout(() => {
      if (this.value.state === "waiting" && Date.now() >= this.value.retryAtMs) {
        this.set({ state: "connecting", retryAtMs: 0 });
      }
    }, delayMs + 5);
  }

  /** A browser hides why a socket was refused. REST tells: its 401 ends the session. */
  #checkToken(socket) {
    if (this.#socket !== socket || session.user === undefined || socket.isConnected()) return;
    api.user(session.user.id).catch(() => {});
  }
}

export const connection = new Connection({ state: "closed", retryAtMs: 0 });

addEventListener("online", () => connection.networkChanged());
addEventListener("offline", () => connection.networkChanged());
