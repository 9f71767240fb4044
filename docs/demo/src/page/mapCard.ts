/** The states in a plane: the first two principal axes of the gallery's states, fixed when the page was built. */

import type { Examined, Examiner } from "../examine.ts";
import { difference, dot } from "../model/vectors.ts";
import type { Vector } from "../model/vectors.ts";
import { html, svg } from "./dom.ts";

const [WIDTH, HEIGHT, MARGIN] = [420, 280, 24];

type Point = readonly [number, number];

/** The picture, which keeps whether it is drawn near or far. */
export class MapCard {
  readonly #place: HTMLElement;
  readonly #examiner: Examiner;
  readonly #near = html("input", { type: "checkbox", id: "near" });
  #edit: Examined | undefined;

  constructor(place: HTMLElement, examiner: Examiner) {
    this.#place = place;
    this.#examiner = examiner;
    this.#near.addEventListener("change", () => this.#draw());
  }

  /** Show an edit's three states among those of the gallery. */
  show(edit: Examined): void {
    this.#edit = edit;
    this.#draw();
  }

  #draw(): void {
    if (!this.#edit) {
      return;
    }
    const { gallery } = this.#examiner.data;
    const pairs = gallery.map((one) => [this.#project(one.beforeState), this.#project(one.afterState)] as const);
    const [before, after, predicted] = [
      this.#project(this.#edit.before.encoded.state),
      this.#project(this.#edit.after.encoded.state),
      this.#project(this.#edit.predicted),
    ];
    const place = scaled(this.#near.checked ? [before, after, predicted] : [...pairs.flat(), before, after, predicted]);
    const picture = svg(
      "svg",
      {
        viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
        role: "img",
        "aria-label": "The states before, after and predicted among those of the gallery",
      },
      ...pairs.map(([from, to]) => arrow(place(from), place(to), "gallery")),
      ...pairs.map(([from]) => dot2(place(from), "gallery", 2)),
      arrow(place(before), place(after), "after"),
      arrow(place(before), place(predicted), "predicted"),
      dot2(place(before), "before", 6),
      square(place(after)),
      diamond(place(predicted)),
    );
    if (!this.#near.isConnected) {
      this.#place.replaceChildren(html("div", { class: "picture" }), legend(), this.#controls());
    }
    this.#place.querySelector(".picture")?.replaceChildren(picture);
  }

  #controls(): HTMLElement {
    return html("p", {}, html("label", {}, this.#near, " look closer at this edit"));
  }

  #project(state: Vector): Point {
    const { origin, axes } = this.#examiner.data.plane;
    const centred = difference(state, origin);
    return [dot(centred, axes[0]), dot(centred, axes[1])];
  }
}

/** From the plane into the picture, so that all points fit in and both axes have one scale. */
function scaled(points: readonly Point[]): (point: Point) => Point {
  const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
  const middle = (values: number[]): number => (Math.min(...values) + Math.max(...values)) / 2;
  const reach = (values: number[]): number => Math.max(...values) - Math.min(...values);
  const [x0, y0] = [middle(xs), middle(ys)];
  const scale = Math.min((WIDTH - 2 * MARGIN) / (reach(xs) || 1e-6), (HEIGHT - 2 * MARGIN) / (reach(ys) || 1e-6));
  return ([x, y]) => [WIDTH / 2 + (x - x0) * scale, HEIGHT / 2 - (y - y0) * scale];
}

function arrow([x1, y1]: Point, [x2, y2]: Point, ink: string): SVGElement {
  return svg("line", { x1, y1, x2, y2, class: `line-${ink}` });
}

function dot2([cx, cy]: Point, ink: string, r: number): SVGElement {
  return svg("circle", { cx, cy, r, class: `fill-${ink}` });
}

function square([x, y]: Point): SVGElement {
  return svg("rect", { x: x - 5, y: y - 5, width: 10, height: 10, class: "fill-after" });
}

function diamond([x, y]: Point): SVGElement {
  return svg("path", { d: `M${x} ${y - 7} L${x + 7} ${y} L${x} ${y + 7} L${x - 7} ${y} Z`, class: "fill-predicted" });
}

function legend(): HTMLElement {
  const entry = (shape: SVGElement, name: string): HTMLElement =>
    html("span", {}, svg("svg", { viewBox: "0 0 16 16", width: 14, height: 14, "aria-hidden": "true" }, shape), name);
  return html(
    "p",
    { class: "legend" },
    entry(dot2([8, 8], "before", 6), "before"),
    entry(square([8, 8]), "after"),
    entry(diamond([8, 8]), "predicted"),
    entry(dot2([8, 8], "gallery", 4), "gallery"),
  );
}
