/** The edits of the gallery that are most like this one, by the score that orders the product's hits. */

import type { Near } from "../examine.ts";
import { commonEnds, splitLines } from "../model/edit.ts";
import { html } from "./dom.ts";

const SHOWN = 3;

/** Show the nearest. */
export function showNearest(place: HTMLElement, found: readonly Near[], learned: boolean): void {
  const nothing = !found.some(({ score }) => score > 0);
  place.replaceChildren(
    nothing
      ? html("p", {}, "Nothing is changed, or nothing in the gallery is like it.")
      : html("ol", { class: "nearest" }, ...found.slice(0, SHOWN).map((near) => hit(near, learned))),
  );
}

function hit({ edit, score, channels, reasons }: Near, withModel: boolean): HTMLElement {
  const { lexical, structural, learned } = channels;
  const parts = [`names ${lexical.toFixed(2)}`, `shape ${structural.toFixed(2)}`];
  return html(
    "li",
    {},
    html("h3", {}, edit.title),
    html("p", {}, `${edit.label}: ${reasons.join(", ")}`),
    html(
      "p",
      {},
      `score ${score.toFixed(2)} (${[...parts, ...(withModel ? [`model ${learned.toFixed(2)}`] : [])].join(", ")})`,
    ),
    diff(edit.before, edit.after),
  );
}

function diff(before: string, after: string): HTMLElement {
  const [old, next] = [splitLines(before), splitLines(after)];
  const [head, tail] = commonEnds(old, next);
  const lines = [
    ...old.slice(Math.max(0, head - 2), head).map((line) => ["same", `  ${line}`] as const),
    ...old.slice(head, old.length - tail).map((line) => ["removed", `- ${line}`] as const),
    ...next.slice(head, next.length - tail).map((line) => ["added", `+ ${line}`] as const),
    ...next.slice(next.length - tail, next.length - tail + 1).map((line) => ["same", `  ${line}`] as const),
  ];
  return html("pre", { tabindex: 0 }, ...lines.map(([kind, line]) => html("span", { class: `line ${kind}` }, line)));
}
