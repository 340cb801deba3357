import { Store } from "../model/store.js";

/** Where the user is: `{section: "rooms", roomId}`, `{section: "shop"}` or `{section: "orders"}`. */
export const route = new Store(parse(location.hash));

export const hrefOf = (section, id) =>
  id === undefined ? `#/${section}` : `#/${section}/${encodeURIComponent(id)}`;

addEventListener("hashchange", () => {
  if (location.hash.startsWith("#/") || location.hash === "") route.set(parse(location.hash));
});

function parse(hash) {
  const [section, id] = hash.replace(/^#\//, "").split("/");
  if (section === "shop" || section === "orders") return { section };
  return { section: "rooms", roomId: id || undefined };
}
