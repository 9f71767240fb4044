/** How near the prediction comes to the state after, beside what a copy of the state before comes to. */

import type { Examined, Examiner } from "../examine.ts";
import { cosineOf } from "../model/vectors.ts";
import { bar, html } from "./dom.ts";

/** Show it. */
export function showPrediction(place: HTMLElement, examiner: Examiner, edit: Examined): void {
  const [before, after] = [edit.before.encoded.state, edit.after.encoded.state];
  const rows = [
    { name: "predicted to after", ink: "predicted", cosine: cosineOf(edit.predicted, after) },
    { name: "copy of before to after", ink: "before", cosine: cosineOf(before, after) },
    { name: "predicted to before", ink: "muted", cosine: cosineOf(edit.predicted, before) },
  ];
  const ranks = [
    { name: "prediction", ...examiner.rank(edit.predicted, edit) },
    { name: "copy", ...examiner.rank(before, edit) },
  ];
  place.replaceChildren(
    html(
      "dl",
      { class: "bars" },
      ...rows.flatMap(({ name, ink, cosine }) => [
        html("dt", {}, name),
        html("dd", {}, bar(cosine, ink), html("span", { class: "number" }, cosine.toFixed(3))),
      ]),
    ),
    html(
      "p",
      {},
      `Of ${ranks[0]?.of ?? 0} states, the gallery's and these two, the true one after is number `,
      ...ranks.flatMap(({ name, place: rank }, i) => [
        i ? " for " : "",
        html("b", { "data-rank": name }, String(rank)),
        i ? "a copy." : " for the prediction,",
      ]),
    ),
    html("p", { class: "note" }, "Bars are cosines of states. A copy finds itself first: it can be second at best."),
  );
}
