import { session } from "./session.js";

const TIMEOUT_MS = 15_000;
const PAGES_MAX = 20;

const sentences = {
  400: "The server did not understand the request.",
  401: "That email and password do not match.",
  403: "You may not do that.",
  404: "That is no longer there.",
  409: "That has already been changed.",
  413: "That is too large.",
  422: "Please check what you entered.",
  429: "Too many requests. Please wait a moment.",
  503: "The server is restarting. Please try again in a moment.",
};

/** An answer other than 2xx, or none at all (status 0). `fields` holds the messages of each field of a 422. */
export class ApiError extends Error {
  constructor(status, errors = {}) {
    super(
      status === 0
        ? "The server cannot be reached. Check your connection and try again."
        : (sentences[status] ?? "The server could not answer. Please try again."),
    );
    this.status = status;
    this.fields = Object.fromEntries(
      Object.entries(errors).filter(([, messages]) => Array.isArray(messages)),
    );
  }
}

async function request(method, path, body) {
  const { token } = session;
  const headers = { accept: "application/json" };
  if (body !== undefined) headers["content-type"] = "application/json";
  if (token !== undefined) headers.authorization = `Bearer ${token}`;
  let response;
  let answer;
  try {
    response = await fetch(`/api/v1${path}`, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    answer = await response.json().catch(() => ({}));
  } catch {
    throw new ApiError(0);
  }
  if (response.ok) return answer;
  // A refused token ends the session, unless another one has taken its place meanwhile.
  if (response.status === 401 && token !== undefined && token === session.token) session.expire();
  throw new ApiError(response.status, answer.errors);
}

function page(path, { after, limit }) {
  const query = new URLSearchParams({ limit: String(limit) });
  if (after) query.set("after", after);
  return request("GET", `${path}?${query}`);
}

/** All rows of a short list. */
async function all(path) {
  const rows = [];
  let after;
  for (let pages = 0; pages < PAGES_MAX; pages += 1) {
    const { data, meta } = await page(path, { after, limit: 100 });
    rows.push(...data);
    after = meta?.next;
    if (!after) break;
  }
  return rows;
}

const data = (answer) => answer.data;

export const api = {
  signUp: (user) => request("POST", "/users", { user }).then(data),
  signIn: (email, password) => request("POST", "/sessions", { email, password }).then(data),
  user: (id) => request("GET", `/users/${encodeURIComponent(id)}`).then(data),
  rooms: () => all("/rooms"),
  messages: (roomId, position) => page(`/rooms/${encodeURIComponent(roomId)}/messages`, position),
  products: () => all("/products"),
  orders: (position) => page("/orders", position),
  placeOrder: (items) => request("POST", "/orders", { order: { items } }).then(data),
  cancelOrder: (id) => request("POST", `/orders/${encodeURIComponent(id)}/cancel`, {}).then(data),
};
