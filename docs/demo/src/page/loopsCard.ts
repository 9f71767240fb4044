/** How much of the edit shows in the readout after each loop: |after - before| / |before|, the delta/state ratio. */

import type { Examined } from "../examine.ts";
import { difference, norm } from "../model/vectors.ts";
import { bar, html } from "./dom.ts";

/** Show it. */
export function showLoops(place: HTMLElement, { before, after }: Examined): void {
  const ratios = before.encoded.loops.map((state, i) => {
    const next = after.encoded.loops[i] ?? state;
    return norm(difference(next, state)) / Math.max(norm(state), 1e-9);
  });
  const most = Math.max(...ratios, 1e-9);
  place.replaceChildren(
    html(
      "dl",
      { class: "bars" },
      ...ratios.flatMap((ratio, i) => [
        html("dt", {}, `loop ${i + 1}`),
        html("dd", {}, bar(ratio / most, "after"), html("span", { class: "number" }, ratio.toFixed(3))),
      ]),
    ),
    html(
      "p",
      { class: "note" },
      "The encoder applies one block again and again. Each bar is the length of the step from before to after, as a share",
      " of the state's own, read out after that loop.",
    ),
  );
}
