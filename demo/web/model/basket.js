import { ApiError } from "./api.js";
import { catalogue } from "./catalogue.js";
import { orders } from "./orders.js";
import { sentence } from "./sentence.js";
import { Store } from "./store.js";

export const QUANTITY_MAX = 99;
const empty = { quantities: new Map(), placing: false, error: "", placed: null };

/** What the user is about to order: quantities by product id, and how the last attempt went. */
class Basket extends Store {
  put(productId, quantity) {
    const quantities = new Map(this.value.quantities);
    const whole = Math.min(QUANTITY_MAX, Math.max(0, Math.trunc(quantity) || 0));
    if (whole === 0) quantities.delete(productId);
    else quantities.set(productId, whole);
    this.update({ quantities, error: "", placed: null });
  }

  quantityOf(productId) {
    return this.value.quantities.get(productId) ?? 0;
  }

  /** The lines with their products, in the catalogue's order. */
  get lines() {
    return catalogue.value.products
      .filter(({ id }) => this.quantityOf(id) > 0)
      .map((product) => ({ product, quantity: this.quantityOf(product.id) }));
  }

  get totalCents() {
    return this.lines.reduce((sum, { product, quantity }) => sum + product.price_cents * quantity, 0);
  }

  clear() {
    this.set(empty);
  }

  async place() {
    if (this.value.placing) return;
    const items = this.lines.map(({ product, quantity }) => ({ product_id: product.id, quantity }));
    this.update({ placing: true, error: "", placed: null });
    try {
      const placed = await orders.place(items);
      this.set({ ...empty, placed });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.update({ placing: false, error: problemOf(error) });
    }
    await catalogue.load(); // the stock has changed, or was not what we thought
  }
}

function problemOf(error) {
  if (error.status === 0)
    return "No answer came. Look under Orders whether it was placed before you try again.";
  const messages = Object.values(error.fields).flat();
  return messages.length > 0 ? messages.map(sentence).join(" ") : error.message;
}

export const basket = new Basket(empty);
