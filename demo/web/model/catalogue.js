import { api } from "./api.js";
import { Store } from "./store.js";

/** The products: `{products, loaded, error}`. */
class Catalogue extends Store {
  #loads = 0;

  async load() {
    this.#loads += 1;
    const load = this.#loads;
    this.update({ error: "" });
    try {
      const products = await api.products();
      if (load === this.#loads) this.set({ products, loaded: true, error: "" });
    } catch (error) {
      if (load === this.#loads) this.update({ error: error.message });
    }
  }

  find(id) {
    return this.value.products.find((product) => product.id === id);
  }
}

export const catalogue = new Catalogue({ products: [], loaded: false, error: "" });
