import { basket, QUANTITY_MAX } from "../model/basket.js";
import { catalogue } from "../model/catalogue.js";
import { banner, byId, el, icon, say } from "./element.js";
import { KeyedList } from "./keyed-list.js";
import { money } from "./money.js";
import { showProblem } from "./problem.js";
import { hrefOf } from "./route.js";

const LOW_STOCK = 5;
/** More than anybody can order at once: how many there are then is nobody's business. */
const AMPLE_STOCK = QUANTITY_MAX;
const pictures = new Set(["box", "seed", "glass", "book", "mug", "bath"]);

/** The catalogue and the basket beside it. */
export function startShop() {
  const products = new KeyedList(byId("catalogue"), {
    key: ({ id }) => id,
    create: createProduct,
    update: updateProduct,
  });
  const lines = new KeyedList(byId("basket-lines"), {
    key: ({ product }) => product.id,
    create: createLine,
    update: updateLine,
  });
  const show = () => {
    products.show(catalogue.value.products);
    lines.show(basket.lines);
    showProblem(byId("catalogue-problem"), catalogue.value.error, () => catalogue.load());
    showBasket();
  };
  byId("place-order").addEventListener("click", () => void basket.place());
  catalogue.subscribe(show);
  basket.subscribe(show);
}

function showBasket() {
  const { placing, error, placed } = basket.value;
  const count = basket.lines.reduce((sum, { quantity }) => sum + quantity, 0);
  byId("basket-empty").hidden = count > 0 || placed !== null;
  say(byId("basket-total"), money(basket.totalCents));
  const button = byId("place-order");
  button.disabled = count === 0 || placing;
  say(button, placing ? "Placing" : "Place order");
  banner(byId("basket-error"), error);
  showPlaced(placed);
  say(byId("basket-count"), String(count));
  byId("basket-count").hidden = count === 0;
}

function showPlaced(order) {
  const done = byId("basket-done");
  done.hidden = order === null;
  if (done.dataset.order === String(order?.id ?? "")) return;
  done.dataset.order = String(order?.id ?? "");
  if (order === null) return done.replaceChildren();
  done.replaceChildren(
    `Order ${order.id} is placed. `,
    el("a", { href: hrefOf("orders") }, "See your orders"),
  );
}

function createProduct({ id, sku, name }) {
  const family = sku.split("-")[0].toLowerCase();
  const amount = el("input", {
    id: `quantity-${id}`,
    class: "stepper-amount",
    type: "number",
    inputmode: "numeric",
    min: "0",
    max: String(QUANTITY_MAX),
    value: "0",
    "aria-label": `Quantity of ${name}`,
    onchange: (event) => basket.put(id, event.target.valueAsNumber),
  });
  const step = (by, label) =>
    el(
      "button",
      {
        class: "stepper-step",
        type: "button",
        "aria-label": `${label} ${name}`,
        onclick: () => basket.put(id, basket.quantityOf(id) + by),
      },
      icon(by > 0 ? "plus" : "minus"),
    );
  return el(
    "li",
    { class: "product", "data-sku": sku },
    el("div", { class: "product-picture" }, icon(pictures.has(family) ? family : "other", "products")),
    el(
      "div",
      { class: "product-text" },
      el("h2", { class: "product-name" }, name),
      el("p", { class: "product-price" }),
      el("p", { class: "product-stock" }),
    ),
    el("div", { class: "stepper" }, step(-1, "One less of"), amount, step(1, "One more of")),
  );
}

function updateProduct(element, { id, price_cents: cents, stock }) {
  const quantity = basket.quantityOf(id);
  say(element.querySelector(".product-price"), money(cents));
  const line = element.querySelector(".product-stock");
  say(line, stockText(stock));
  line.classList.toggle("product-stock-low", stock <= LOW_STOCK);
  element.classList.toggle("product-chosen", quantity > 0);
  element.classList.toggle("product-short", quantity > stock);
  const [less, more] = element.querySelectorAll(".stepper-step");
  less.disabled = quantity === 0;
  more.disabled = quantity >= QUANTITY_MAX || quantity >= stock;
  const amount = element.querySelector(".stepper-amount");
  if (amount.valueAsNumber !== quantity) amount.value = String(quantity);
}

function stockText(stock) {
  if (stock === 0) return "Sold out";
  if (stock > AMPLE_STOCK) return "In stock";
  return stock <= LOW_STOCK ? `Only ${stock} left` : `${stock} in stock`;
}

function createLine({ product }) {
  return el(
    "li",
    { class: "basket-line" },
    el("span", { class: "basket-name" }, product.name),
    el("span", { class: "basket-amount" }),
    el("p", { class: "basket-short" }),
  );
}

function updateLine(element, { product, quantity }) {
  say(element.querySelector(".basket-amount"), `${quantity} × ${money(product.price_cents)}`);
  const short = element.querySelector(".basket-short");
  const isShort = quantity > product.stock;
  short.hidden = !isShort;
  say(short, isShort ? (product.stock === 0 ? "Sold out" : `Only ${product.stock} left`) : "");
}
