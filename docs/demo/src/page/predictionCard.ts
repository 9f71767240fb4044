/** How near the prediction comes to the state after, beside what a copy of the state before comes to. */

import type { Examined, Examiner } from "../examine.ts";
import { cosineOf, difference } from "../model/vectors.ts";
import { bar, html } from "./dom.ts";

/** Show it. */
export function showPrediction(place: HTMLElement, examiner: Examiner, edit: Examined): void {
  const [before, after] = [edit.before.encoded.state, edit.after.encoded.state];
  const step = difference(after, before);
  const rows = [
    { name: "predicted to after", ink: "predicted", cosine: cosineOf(edit.predicted, after) },
    { name: "copy of before to after", ink: "before", cosine: cosineOf(before, after) },
    { name: "predicted to before", ink: "muted", cosine: cosineOf(edit.predicted, before) },
    { name: "predicted step to step made", ink: "after", cosine: cosineOf(difference(edit.predicted, before), step) },
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
      `Of ${ranks[0]?.of ?? 0} states, the gallery's and these two, the true one after comes`,
      ...ranks.flatMap(({ name, place: rank }, i) => [
        i ? " and " : " ",
        html("b", { "data-rank": name }, ordinal(rank)),
        i ? " for a copy of the one before." : " for the prediction",
      ]),
    ),
    html(
      "p",
      { class: "note" },
      "Bars are cosines. An edit moves a state little, so a copy is always near; but nearest to it is itself, so it comes",
      " second at best. A prediction must be nearer to the true state than to all others.",
    ),
  );
}

function ordinal(place: number): string {
  const ending = { one: "st", two: "nd", few: "rd", other: "th" } as const;
  const rule = new Intl.PluralRules("en", { type: "ordinal" }).select(place);
  return `${place}${ending[rule as keyof typeof ending]}`;
}
