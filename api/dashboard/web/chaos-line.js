/**
 * What a pasted text asks for: the line of a run, a script, or what a failing test prints (`{ seed: 9, script: [...] }`). Throws
 * an error that says so if it is none of them.
 */
export function askedBy(text) {
  const line = text.trim();
  try {
    const asked = JSON.parse(line);
    if (Array.isArray(asked)) return { script: asked };
    if (typeof asked === "object" && asked !== null) return asked;
  } catch {
    const printed = /\bseed: (\d+), script: (\[.*\])/s.exec(line);
    if (printed !== null) return { seed: Number(printed[1]), script: parsed(printed[2]) };
  }
  throw new Error("Expected the line of a run, or a script, but that is neither.");
}

function parsed(json) {
  try {
    return JSON.parse(json);
  } catch {
    throw new Error("Expected a script as JSON, but it is broken.");
  }
}
