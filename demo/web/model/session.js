import { Store } from "./store.js";

const KEY = "rookery.session";

function stored() {
  try {
    const session = JSON.parse(localStorage.getItem(KEY) ?? "null");
    return typeof session?.token === "string" && session.user?.id !== undefined ? session : null;
  } catch {
    return null; // storage is refused, or holds something that is not ours
  }
}

/** Who is signed in: `{token, user}`, or null with a notice that says why nobody is. */
class Session extends Store {
  notice = "";

  get token() {
    return this.value?.token;
  }

  get user() {
    return this.value?.user;
  }

  begin({ token, user }) {
    this.notice = "";
    try {
      localStorage.setItem(KEY, JSON.stringify({ token, user }));
    } catch {
      // Without storage the session lasts as long as the page.
    }
    this.set({ token, user });
  }

  end(notice = "") {
    if (this.value === null) return;
    this.notice = notice;
    try {
      localStorage.removeItem(KEY);
    } catch {
      // It was never stored either.
    }
    this.set(null);
  }

  /** The server no longer takes the token: only signing in again helps. */
  expire() {
    this.end("Your session has ended. Please sign in again.");
  }
}

export const session = new Session(stored());

// Signing out in one window signs out the others, and signing in signs them in.
addEventListener("storage", (event) => {
  if (event.key !== KEY && event.key !== null) return;
  const next = stored();
  if (next?.token === session.token) return;
  session.notice = next === null ? "You signed out in another window." : "";
  session.set(next);
});
