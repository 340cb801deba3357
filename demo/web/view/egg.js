import { svg } from "./element.js";

const SHAPE =
  "M16 2.5c6.2 0 11.3 8 11.3 15.3C27.3 25 22.3 29.5 16 29.5S4.7 25 4.7 17.8C4.7 10.5 9.8 2.5 16 2.5Z";
const SPECKLES = 9;

/** The eggs of rook, robin, thrush, plover, wren, heron, kestrel and dunnock: shell and speckle. */
const shells = [
  ["#a9d5ca", "#3f5f59"],
  ["#9fcbe0", "#3b5a6d"],
  ["#c9d8a4", "#5d6838"],
  ["#e6d3ac", "#7a5a2f"],
  ["#efd9cf", "#96553f"],
  ["#c3d9d8", "#4c6868"],
  ["#e2b597", "#7d4326"],
  ["#b9c2e4", "#474f7d"],
];

/** A number for a text, always the same (FNV-1a). */
function hashOf(text) {
  let hash = 0x811c9dc5;
  for (const character of text) hash = Math.imul(hash ^ character.codePointAt(0), 0x01000193);
  return hash >>> 0;
}

function initialsOf(name) {
  const words = name.trim().split(/\s+/);
  const letters = words.length > 1 ? [words[0], words.at(-1)] : [words[0]];
  return letters
    .map((word) => [...word][0] ?? "")
    .join("")
    .toUpperCase();
}

/** The picture of a user: an egg whose colour and speckles come from the id, with the initials of the name. */
export function egg(id, name) {
  let hash = hashOf(`egg ${id}`);
  const next = (below) => {
    hash = (Math.imul(hash, 1664525) + 1013904223) >>> 0;
    return Math.floor((hash / 2 ** 32) * below);
  };
  const number = Number(id);
  const [shell, speckle] = shells[(Number.isInteger(number) ? number : next(shells.length)) % shells.length];
  const speckles = Array.from({ length: SPECKLES }, () => {
    const angle = (next(360) * Math.PI) / 180;
    const reach = 0.55 + next(40) / 100;
    return svg("ellipse", {
      cx: (16 + Math.cos(angle) * 9.5 * reach).toFixed(1),
      cy: (18 + Math.sin(angle) * 10.5 * reach).toFixed(1),
      rx: (0.6 + next(10) / 10).toFixed(1),
      ry: (0.5 + next(6) / 10).toFixed(1),
    });
  });
  return svg(
    "svg",
    { class: "egg", viewBox: "0 0 32 32", "aria-hidden": "true" },
    svg("path", { d: SHAPE, fill: shell }),
    svg("g", { fill: speckle, opacity: "0.6" }, ...speckles),
    svg(
      "text",
      { x: "16", y: "22", "text-anchor": "middle", "font-size": "10.5", fill: "#1c2a2e" },
      initialsOf(name),
    ),
  );
}

/** Puts the egg of `id` into `element`, unless it is there already. */
export function showEgg(element, id, name) {
  const key = `${id} ${name}`;
  if (element.dataset.egg === key) return;
  element.dataset.egg = key;
  element.replaceChildren(egg(id, name));
}
