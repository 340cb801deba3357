/**
 * The children of an element, one for each item of a list, kept in step by key: an item that stays keeps its
 * element, and with it focus and selection.
 */
export class KeyedList {
  #parent;
  #keyOf;
  #create;
  #update;
  #elements = new Map();

  /** `create(item)` makes an element, `update(element, item)` brings it up to date; it follows every `create`. */
  constructor(parent, { key, create, update = () => {} }) {
    this.#parent = parent;
    this.#keyOf = key;
    this.#create = create;
    this.#update = update;
  }

  show(items) {
    const elements = new Map();
    for (const item of items) {
      const key = this.#keyOf(item);
      const element = this.#elements.get(key) ?? this.#create(item);
      this.#update(element, item);
      elements.set(key, element);
    }
    for (const [key, element] of this.#elements) {
      if (!elements.has(key)) element.remove();
    }
    let next = this.#parent.firstElementChild;
    for (const element of elements.values()) {
      if (element === next) next = next.nextElementSibling;
      else this.#parent.insertBefore(element, next);
    }
    this.#elements = elements;
  }
}
