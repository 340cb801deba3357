import { Socket } from "/dashboard/vendor/phoenix.mjs";

const KEY = "rookery dashboard session";
const ANSWER_MS = 8_000;

/** The one socket of the page, and its channel: questions and answers. Comes back by itself. */
class Connection {
  #socket = null;
  #channel = null;
  #pending = new Set();
  onState = () => {};
  onSignedOut = () => {};
  onJoined = () => {};

  get session() {
    return sessionStorage.getItem(KEY);
  }

  /** Shows the token and keeps the session; answers why there is none, in words, if the token is not taken. */
  async signIn(token) {
    const response = await fetch("/dashboard/session", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ token }),
    });
    if (response.status === 401) return "That is not the token.";
    if (response.status === 429)
      return `Too many wrong tokens came from here. Try again in ${response.headers.get("retry-after")} seconds.`;
    if (!response.ok) throw new Error(`The server answers ${response.status}`);
    const { session } = await response.json();
    sessionStorage.setItem(KEY, session);
    return "";
  }

  signOut() {
    sessionStorage.removeItem(KEY);
    this.close();
    this.onSignedOut();
  }

  open() {
    this.close();
    const socket = new Socket("/dashboard/socket", {
      authToken: this.session,
      reconnectAfterMs: (tries) => [200, 500, 1_000, 2_000][tries - 1] ?? 4_000,
      rejoinAfterMs: (tries) => [100, 300, 1_000][tries - 1] ?? 2_000,
    });
    const channel = socket.channel("dashboard", {});
    this.#socket = socket;
    this.#channel = channel;
    this.onState("connecting");
    socket.onError(() => {
      this.onState("lost");
      void this.#checkSession();
    });
    socket.onClose(() => this.#lost());
    channel.onError(() => this.#lost());
    // Called for the first join and for each that follows.
    channel
      .join()
      .receive("ok", (answer) => {
        this.onState("connected");
        this.onJoined(answer);
      })
      .receive("error", () => this.onState("lost"));
    socket.connect();
  }

  close() {
    const socket = this.#socket;
    this.#socket = null;
    this.#channel = null;
    socket?.disconnect();
    this.#drop();
  }

  /** Asks the server. Rejects if it does not answer, or the channel ends meanwhile: then ask again. */
  ask(event, payload = {}) {
    const channel = this.#channel;
    if (channel?.state !== "joined") return Promise.reject(new Error("not connected"));
    return new Promise((resolve, reject) => {
      this.#pending.add(reject);
      const done = (settle) => (answer) => {
        this.#pending.delete(reject);
        settle(answer);
      };
      channel
        .push(event, payload, ANSWER_MS)
        .receive("ok", done(resolve))
        .receive(
          "error",
          done((answer) => reject(new Error(answer.reason))),
        )
        .receive(
          "timeout",
          done(() => reject(new Error("timeout"))),
        );
    });
  }

  #lost() {
    if (this.#socket === null) return;
    this.onState("lost");
    this.#drop();
  }

  #drop() {
    for (const reject of this.#pending) reject(new Error("not connected"));
    this.#pending.clear();
  }

  /** A browser hides why a socket was refused; this request tells. */
  async #checkSession() {
    try {
      const headers = { authorization: `Bearer ${this.session}` };
      const { status } = await fetch("/dashboard/session", { headers });
      if (status === 401 && this.#socket !== null) this.signOut();
    } catch {
      // The server is gone; the socket goes on trying.
    }
  }
}

export const connection = new Connection();
