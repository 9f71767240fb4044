/** What the action prior holds likely at the cursor. */

import type { Likely } from "../examine.ts";
import { bar, html } from "./dom.ts";

const SHOWN = 7;

/** Show the likeliest; `use` is called with the class that somebody wants to see predicted. */
export function showLikely(place: HTMLElement, where: string, found: readonly Likely[], use: (row: number) => void): void {
  const most = found[0]?.probability ?? 1;
  place.replaceChildren(
    html("p", {}, `At ${where}, whatever is in the other text:`),
    html(
      "ol",
      { class: "likely" },
      ...found.slice(0, SHOWN).map(({ row, label, probability }) => {
        const button = html("button", { type: "button", "aria-label": `Predict the state after: ${label}` }, "predict");
        button.addEventListener("click", () => use(row));
        return html(
          "li",
          {},
          html("span", { class: "label" }, label),
          html("span", { class: "measure" }, bar(probability / most, "predicted"), percent(probability)),
          button,
        );
      }),
    ),
  );
}

function percent(probability: number): HTMLElement {
  return html("span", { class: "number" }, `${(100 * probability).toFixed(1)} %`);
}
