/** The positions of both sides as the encoder reads them. */

import type { Examined, SeenSide } from "../examine.ts";
import { CHANGED, ON_CHANGED_LINE } from "../model/regions.ts";
import { html } from "./dom.ts";

/** Show them. */
export function showTokens(place: HTMLElement, { before, after }: Examined): void {
  place.replaceChildren(
    html(
      "p",
      { class: "note" },
      "One position for each leaf of the syntax tree or part of a name, cut to the definition around the change. Marked:",
      " what really changed, and what stands on a changed line. A bar shows where the change begins.",
    ),
    html("div", { class: "token-sides" }, side("Before", before), side("After", after)),
  );
}

function side(name: string, { tokens }: SeenSide): HTMLElement {
  const { positions, center } = tokens;
  const count = positions.length === 1 ? "1 position" : `${positions.length} positions`;
  const chips = positions.map(({ piece, parent, depth, text, mark, leaf }, i) => {
    const kind = mark === CHANGED ? "changed" : mark === ON_CHANGED_LINE ? "on-line" : "";
    const title = `${leaf.parent || "no parent"}, depth ${depth}; text ${text}, parent ${parent}`;
    return html("span", { class: `token ${kind} ${i === center ? "begins" : ""}`, title }, shown(piece));
  });
  return html(
    "div",
    {},
    html("h3", {}, `${name}: ${count}`),
    html("div", { class: "tokens", tabindex: 0, role: "group", "aria-label": `${name}: ${count}` }, ...chips),
  );
}

/** A whole text after its parts is told by an equals sign, a part of one by a dot. */
function shown(piece: string): string {
  return piece.startsWith(" =") ? `=${piece.slice(2)}` : piece.startsWith(" ") ? `·${piece.slice(1)}` : piece;
}
