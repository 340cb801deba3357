import { basket } from "./model/basket.js";
import { catalogue } from "./model/catalogue.js";
import { connection } from "./model/connection.js";
import { orders } from "./model/orders.js";
import { rooms } from "./model/rooms.js";
import { session } from "./model/session.js";
import { startConnectionBadge } from "./view/connection-badge.js";
import { showEgg } from "./view/egg.js";
import { byId, say } from "./view/element.js";
import { startOrderList } from "./view/order-list.js";
import { Room } from "./view/room.js";
import { hrefOf, route } from "./view/route.js";
import { startShop } from "./view/shop.js";
import { startWelcome, showWelcome } from "./view/welcome.js";

const sections = ["rooms", "shop", "orders"];
const views = { rooms: byId("room-view"), shop: byId("shop-view"), orders: byId("orders-view") };
const titles = { shop: "The shop", orders: "Your orders" };

startWelcome();
startConnectionBadge();
startShop();
startOrderList();
const room = new Room();

byId("sign-out").addEventListener("click", () => session.end());
byId("skip-link").addEventListener("click", (event) => {
  event.preventDefault(); // the fragment of the address is the route
  byId(session.user ? "main" : "welcome-main").focus();
});

session.subscribe(() => {
  leave();
  if (session.user === undefined) showWelcome();
  else enter(session.user);
});
route.subscribe(showSection);
rooms.subscribe(showSection);

function enter(user) {
  say(byId("account-name"), user.name);
  showEgg(byId("account-avatar"), user.id, user.name);
  connection.open();
  orders.open(user.id);
  void rooms.load();
  void catalogue.load();
  showSection();
}

function leave() {
  room.forget();
  orders.close();
  basket.clear();
  connection.close();
  byId("welcome").hidden = session.user !== undefined;
  byId("shell").hidden = session.user === undefined;
  document.title = "Rookery";
}

function showSection() {
  if (session.user === undefined) return;
  const { section, roomId } = route.value;
  byId("shell").dataset.section = section;
  for (const name of sections) {
    const link = document.querySelector(`.sections [data-section="${name}"]`);
    views[name].hidden = name !== section;
    if (name === section) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (section !== "rooms") {
    room.close();
    document.title = `${titles[section]} · Rookery`;
    if (section === "shop") void catalogue.load();
    return;
  }
  const all = rooms.value.rooms;
  const open = all.find(({ id }) => String(id) === roomId) ?? all[0];
  views.rooms.hidden = open === undefined; // until there are rooms, or a problem to show in their place
  if (open === undefined) return;
  // No such room, or none named: the first one, without a step back in the history that leads here again.
  if (String(open.id) !== roomId) return location.replace(hrefOf("rooms", open.id));
  document.title = `${open.name} · Rookery`;
  room.open(open);
}
