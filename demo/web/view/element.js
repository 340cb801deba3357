const SVG = "http://www.w3.org/2000/svg";

/** The element of the page with this id. */
export function byId(id) {
  const element = document.getElementById(id);
  if (element === null) throw new Error(`The page has no element "${id}"`);
  return element;
}

/**
 * Makes an element. Strings among `children` become text, never markup; `onclick` and the like are listeners;
 * `false` and `undefined` leave an attribute out.
 */
export function el(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

export function svg(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

/** A symbol of one of the sheets in art/. */
export function icon(symbol, sheet = "icons", attributes = {}) {
  return svg(
    "svg",
    { "aria-hidden": "true", ...attributes },
    svg("use", { href: `/art/${sheet}.svg#${symbol}` }),
  );
}

/** Sets text only where it differs, so that a screen reader is not told the same again. */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Shows `text` in a banner or hides it when there is nothing to say. */
export function banner(element, text) {
  say(element, text);
  element.hidden = text === "";
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}
