import { ApiError } from "../model/api.js";
import { catalogue } from "../model/catalogue.js";
import { orders } from "../model/orders.js";
import { toast } from "./announcer.js";
import { banner, byId, el, say } from "./element.js";
import { KeyedList } from "./keyed-list.js";
import { money } from "./money.js";
import { dayAndTimeOf } from "./moment.js";
import { showProblem } from "./problem.js";

const statusTexts = { placed: "Placed", cancelled: "Cancelled" };
const banners = {
  joining: "",
  joined: "",
  lost: "Not live at the moment: changes appear when the connection is back.",
  refused: "The server does not show these orders live. Reload the page to see changes.",
};

/** The user's orders, changing as they change anywhere. */
export function startOrderList() {
  const list = new KeyedList(byId("order-list"), { key: ({ id }) => id, create, update });
  const older = byId("orders-older-button");
  older.addEventListener("click", () => void orders.loadMore());
  const show = () => {
    const state = orders.value;
    list.show(state.orders);
    banner(byId("orders-banner"), banners[state.live]);
    showProblem(byId("orders-problem"), state.error, () => orders.refresh());
    byId("orders-empty").hidden = !state.loaded || state.orders.length > 0;
    byId("orders-older").hidden = !state.more;
    older.disabled = state.loading;
    say(older, state.loading ? "Loading" : "Load older orders");
  };
  orders.subscribe(show);
  catalogue.subscribe(show); // the items' names come from it
  orders.onChange(({ id, status }) => {
    toast(status === "cancelled" ? `Order ${id} is cancelled` : `Order ${id} is placed`);
    flash(id);
    void catalogue.load();
  });
}

function flash(id) {
  const element = document.querySelector(`[data-order-id="${CSS.escape(String(id))}"]`);
  element?.classList.remove("order-changed");
  void element?.offsetWidth; // restarts the animation
  element?.classList.add("order-changed");
}

function create(order) {
  return el(
    "li",
    { class: "order", "data-order-id": order.id },
    el(
      "div",
      { class: "order-head" },
      el("h2", {}, `Order ${order.id}`),
      el("span", { class: "order-status" }),
      order.inserted_at
        ? el("time", { class: "order-time", datetime: order.inserted_at }, dayAndTimeOf(order.inserted_at))
        : "",
    ),
    el("ul", { class: "order-items" }),
    el(
      "div",
      { class: "order-foot" },
      el("p", { class: "order-total" }, "Total ", el("strong", {}, money(order.total_cents))),
      el("div", { class: "order-actions" }, ...actionsOf(order)),
    ),
  );
}

/** Cancelling can't be undone, so it takes two presses; the second one is in another place. */
function actionsOf({ id }) {
  const ask = el("button", { class: "button button-quiet", type: "button" }, "Cancel order");
  const keep = el("button", { class: "button button-quiet", type: "button" }, "Keep it");
  const sure = el("button", { class: "button button-danger", type: "button" }, "Yes, cancel");
  const confirm = (isAsking) => {
    ask.hidden = isAsking;
    keep.hidden = sure.hidden = !isAsking;
    (isAsking ? keep : ask).focus();
  };
  keep.hidden = sure.hidden = true;
  ask.addEventListener("click", () => confirm(true));
  keep.addEventListener("click", () => confirm(false));
  sure.addEventListener("click", () => cancel(id));
  for (const button of [ask, keep, sure]) {
    button.setAttribute("aria-label", `${button.textContent}, order ${id}`);
  }
  return [ask, sure, keep];
}

async function cancel(id) {
  try {
    await orders.cancel(id);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    toast(error.status === 409 ? `Order ${id} was cancelled already` : error.message, "danger");
  }
}

function update(element, { id, status, items }) {
  element.classList.toggle("order-cancelled", status === "cancelled");
  const label = element.querySelector(".order-status");
  label.dataset.status = status;
  const isCancelling = orders.value.cancelling.has(id);
  say(label, isCancelling ? "Cancelling" : (statusTexts[status] ?? status));
  element.querySelector(".order-actions").hidden = status !== "placed";
  for (const button of element.querySelectorAll("button")) button.disabled = isCancelling;
  const texts = items.map(({ product_id: productId, quantity, name }) => {
    return `${quantity} × ${name ?? catalogue.find(productId)?.name ?? `Product ${productId}`}`;
  });
  const list = element.querySelector(".order-items");
  if (list.dataset.items === texts.join()) return;
  list.dataset.items = texts.join();
  list.replaceChildren(...texts.map((text) => el("li", {}, text)));
}
