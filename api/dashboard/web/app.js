import { connection } from "./connection.js";
import { byId, el, say, sayOrHide } from "./element.js";
import { chaosView } from "./views/chaos.js";
import { crashesView } from "./views/crashes.js";
import { overviewView } from "./views/overview.js";
import { processView } from "./views/process.js";
import { processesView } from "./views/processes.js";
import { socketsView } from "./views/sockets.js";
import { storesView } from "./views/stores.js";
import { telemetryView } from "./views/telemetry.js";
import { topicsView } from "./views/topics.js";
import { treeView } from "./views/tree.js";

const sections = {
  overview: ["Overview", overviewView],
  tree: ["Supervision", treeView],
  processes: ["Processes", processesView],
  sockets: ["Sockets", socketsView],
  topics: ["Topics", topicsView],
  stores: ["Tables", storesView],
  crashes: ["Crashes", crashesView],
  telemetry: ["Telemetry", telemetryView],
  chaos: ["Chaos", chaosView],
};
const states = { connecting: "Connecting", connected: "Connected", lost: "Connection lost, trying again" };

let leave = () => {};
let allowsChaos = false;

byId("sections").append(
  ...Object.entries(sections).map(([name, [title]]) => el("a", { href: `#/${name}` }, title)),
);
byId("sign-out").addEventListener("click", () => connection.signOut());
byId("skip-link").addEventListener("click", (event) => {
  event.preventDefault(); // the fragment of the address is the route
  byId("main").focus();
});
byId("sign-in-form").addEventListener("submit", (event) => {
  event.preventDefault();
  void signIn(byId("token").value);
});
addEventListener("hashchange", showRoute);
connection.onSignedOut = showSignIn;
connection.onJoined = ({ chaos }) => {
  if (chaos === allowsChaos) return;
  allowsChaos = chaos;
  showAllowed();
  if (location.hash.startsWith("#/chaos")) showRoute();
};
connection.onState = (state) => {
  byId("connection").dataset.state = state;
  say(byId("connection-text"), states[state]);
};

showAllowed();
if (connection.session === null) showSignIn();
else enter();

async function signIn(token) {
  const problem = byId("sign-in-problem");
  try {
    const refused = await connection.signIn(token);
    sayOrHide(problem, refused);
    if (refused === "") enter();
  } catch {
    sayOrHide(problem, "The server does not answer.");
  }
}

function enter() {
  byId("token").value = "";
  sayOrHide(byId("sign-in-problem"), "");
  byId("sign-in").hidden = true;
  byId("shell").hidden = false;
  connection.open();
  showRoute();
}

function showSignIn() {
  leave();
  leave = () => {};
  byId("view").replaceChildren();
  byId("shell").hidden = true;
  byId("sign-in").hidden = false;
  byId("token").focus();
}

/** Of chaos nothing is shown where the program does not allow it. */
function showAllowed() {
  byId("sections").querySelector('[href="#/chaos"]').hidden = !allowsChaos;
}

function showRoute() {
  if (byId("shell").hidden) return;
  leave();
  const [name = "", ...rest] = location.hash.replace(/^#\//, "").split("/").map(decodeURIComponent);
  const isProcess = name === "process";
  const isThere = Object.hasOwn(sections, name) && (name !== "chaos" || allowsChaos);
  const section = isProcess ? "processes" : isThere ? name : "overview";
  const [title, view] = sections[section];
  for (const link of byId("sections").children) {
    if (link.getAttribute("href") === `#/${section}`) {
      link.setAttribute("aria-current", "page");
      // On a narrow window the links are a row that is wider than it.
      link.scrollIntoView({ block: "nearest", inline: "center" });
    } else link.removeAttribute("aria-current");
  }
  document.title = `${isProcess ? rest[0] : title} · Rookery dashboard`;
  sayOrHide(byId("silent"), "");
  const root = byId("view");
  root.replaceChildren();
  root.className = `view view-${isProcess ? "process" : section}`;
  leave = isProcess ? processView(root, rest[0]) : view(root, rest[0]);
}
