import { connection } from "../model/connection.js";
import { announce } from "./announcer.js";
import { byId, say } from "./element.js";

const texts = { closed: "Signed out", connecting: "Connecting", connected: "Connected", offline: "Offline" };

const isDown = (state) => state === "waiting" || state === "offline";

/** Whether the page hears the server, with a countdown to the next attempt. */
export function startConnectionBadge() {
  const badge = byId("connection");
  const retry = byId("connection-retry");
  let ticking;
  let before = "closed";
  const show = ({ state, retryAtMs }) => {
    clearTimeout(ticking);
    badge.dataset.state = state;
    // The countdown is for the eye: the ear hears only that the connection went and came back.
    if (before === "connected" && state !== "closed") announce("Connection lost. Reconnecting.");
    if (isDown(before) && state === "connected") announce("Connected again.");
    if (state !== "connecting") before = state;
    retry.hidden = state !== "waiting" && state !== "offline";
    if (state !== "waiting") return say(byId("connection-text"), texts[state]);
    const seconds = Math.max(1, Math.ceil((retryAtMs - Date.now()) / 1_000));
    say(byId("connection-text"), `Reconnecting in ${seconds} s`);
    ticking = setTimeout(() => show(connection.value), 250);
  };
  retry.addEventListener("click", () => connection.retryNow());
  connection.subscribe(show);
}
