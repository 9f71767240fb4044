/** The action in words: what the two texts say, or what somebody sets by hand, category by category. */

import { classOf, typicalAction } from "../model/actionClasses.ts";
import type { ActionClasses } from "../model/actionClasses.ts";
import { actionOf, partsFrom, SCOPES, TYPES } from "../model/actions.ts";
import type { ActionParts } from "../model/actions.ts";
import { CATEGORIES, nameOf } from "../model/categories.ts";
import type { Category, Counts } from "../model/categories.ts";
import type { Examined } from "../examine.ts";
import { html } from "./dom.ts";

const MOST = 20; // leaves of a category, and lines, that a slider goes to

/** The panel. Whoever touches a control sets the action by hand. */
export class ActionPanel {
  readonly #classes: ActionClasses;
  readonly #changed: () => void;
  readonly #derive = html("input", { type: "radio", name: "action", id: "derived", checked: true });
  readonly #set = html("input", { type: "radio", name: "action", id: "by-hand" });
  readonly #words = html("p", { class: "in-words", "aria-live": "polite" });
  readonly #class = html("select", { id: "action-class" });
  readonly #type = choice(TYPES, "type");
  readonly #scope = choice(SCOPES, "scope");
  readonly #removedLines = new Slider(MOST);
  readonly #addedLines = new Slider(MOST);
  readonly #position = new Slider(100, " %");
  readonly #counts = new Map<Category, { removed: Slider; added: Slider }>();
  #byHand: Float32Array | undefined;

  constructor(place: HTMLElement, classes: ActionClasses, changed: () => void) {
    this.#classes = classes;
    this.#changed = changed;
    const order = classes.labels.map((label, row) => ({ label, row })).sort((one, two) => one.label.localeCompare(two.label));
    this.#class.append(...order.map(({ label, row }) => html("option", { value: row }, label)));
    for (const category of CATEGORIES) {
      this.#counts.set(category, { removed: new Slider(MOST), added: new Slider(MOST) });
    }
    this.#listen();
    place.append(
      html(
        "div",
        { class: "bar" },
        html("label", {}, this.#derive, " as the two texts say"),
        html("label", {}, this.#set, " set by hand"),
        html("label", { class: "grow" }, "Kind ", this.#class),
      ),
      this.#words,
      html("details", {}, html("summary", {}, "All 63 numbers, in words"), this.#sliders()),
    );
  }

  /** The action that is set by hand; undefined if it is what the texts say. */
  get chosen(): Float32Array | undefined {
    return this.#set.checked ? this.#byHand : undefined;
  }

  /** Set the action by hand to that of a class. */
  choose(row: number): void {
    this.#byHand = Float32Array.from(typicalAction(this.#classes, row));
    this.#set.checked = true;
    this.#write(partsFrom(this.#byHand));
    this.#changed();
  }

  /** Show what an edit's action was. */
  show({ label, derived, action }: Examined): void {
    const row = classOf(this.#classes, action);
    this.#class.value = String(row);
    if (this.#set.checked) {
      this.#words.textContent = `By hand: ${inWords(this.#read())}.`;
    } else {
      this.#write(derived);
      this.#words.textContent = `${label}: ${inWords(derived)}.`;
    }
  }

  #listen(): void {
    this.#derive.addEventListener("change", this.#changed);
    this.#set.addEventListener("change", () => this.#touched());
    this.#class.addEventListener("change", () => this.choose(Number(this.#class.value)));
    const all = [...this.#counts.values()].flatMap(({ removed, added }) => [removed, added]);
    const sliders = [...all, this.#removedLines, this.#addedLines, this.#position];
    for (const control of [this.#type, this.#scope, ...sliders.map(({ input }) => input)]) {
      control.addEventListener("input", () => this.#touched());
    }
  }

  #touched(): void {
    this.#set.checked = true;
    this.#byHand = actionOf(this.#read());
    this.#changed();
  }

  #read(): ActionParts {
    const counts = (side: "removed" | "added"): Counts =>
      new Map([...this.#counts].map(([category, sliders]) => [category, sliders[side].value] as const).filter(([, n]) => n));
    return {
      removed: counts("removed"),
      added: counts("added"),
      type: TYPES.find((type) => type === this.#type.value) ?? "modify",
      scope: SCOPES.find((scope) => scope === this.#scope.value) ?? "module",
      removedLines: this.#removedLines.value,
      addedLines: this.#addedLines.value,
      position: this.#position.value / 100,
    };
  }

  #write(parts: ActionParts): void {
    for (const [category, { removed, added }] of this.#counts) {
      removed.value = parts.removed.get(category) ?? 0;
      added.value = parts.added.get(category) ?? 0;
    }
    this.#type.value = parts.type;
    this.#scope.value = parts.scope;
    this.#removedLines.value = parts.removedLines;
    this.#addedLines.value = parts.addedLines;
    this.#position.value = Math.round(100 * parts.position);
  }

  #sliders(): HTMLElement {
    const row = (name: string, ...controls: HTMLElement[]): HTMLElement =>
      html("tr", {}, html("th", { scope: "row" }, name), ...controls.map((control) => html("td", {}, control)));
    const rows = [...this.#counts].map(([category, { removed, added }]) => {
      const name = nameOf(category);
      return row(name, removed.named(`removed: ${name}`, "−"), added.named(`added: ${name}`, "+"));
    });
    return html(
      "div",
      { class: "sliders" },
      html(
        "div",
        { class: "bar" },
        html("label", {}, "Type ", this.#type),
        html("label", {}, "Scope ", this.#scope),
        html("label", {}, "Begins ", this.#position.named("where in the definition it begins")),
      ),
      html(
        "table",
        {},
        html(
          "tbody",
          {},
          row("lines", this.#removedLines.named("removed: lines", "−"), this.#addedLines.named("added: lines", "+")),
          ...rows,
        ),
      ),
    );
  }
}

/** A slider of whole numbers from 0 on, with its value beside it. */
class Slider {
  readonly input: HTMLInputElement;
  readonly #shown = html("output", { class: "number" });
  readonly #unit: string;

  constructor(most: number, unit = "") {
    this.#unit = unit;
    this.input = html("input", { type: "range", min: 0, max: most, step: 1, value: 0 });
    this.input.addEventListener("input", () => this.#show());
  }

  get value(): number {
    return this.input.valueAsNumber;
  }

  set value(value: number) {
    this.input.valueAsNumber = value;
    this.#show();
  }

  /** The slider for the page, with a name for those who don't see where it stands. */
  named(name: string, sign = ""): HTMLElement {
    this.input.setAttribute("aria-label", name);
    return html("span", { class: "slider" }, sign, this.input, this.#shown);
  }

  #show(): void {
    this.#shown.textContent = `${this.value}${this.#unit}`;
  }
}

function choice(names: readonly string[], id: string): HTMLSelectElement {
  return html("select", { id }, ...names.map((name) => html("option", { value: name }, name)));
}

/** Such as "modify in a function, begins 50 % of the way down, 1 line to 2; removed call; added 3 try, call". */
function inWords({ type, scope, removed, added, removedLines, addedLines, position }: ActionParts): string {
  const where = scope === "module" ? "at module level" : `in a ${scope}`;
  const lines = (count: number): string => (count === 1 ? "1 line" : `${count} lines`);
  const what = {
    add: `${lines(addedLines)} more`,
    delete: `${lines(removedLines)} less`,
    modify: `${lines(removedLines)} to ${addedLines}`,
  }[type];
  const list = (name: string, counts: Counts): string => {
    const said = [...counts].map(([category, n]) => (n === 1 ? nameOf(category) : `${n} ${nameOf(category)}`));
    return said.length ? `; ${name} ${said.join(", ")}` : "";
  };
  return `${type} ${where}, begins ${Math.round(100 * position)} % of the way down, ${what}${list("removed", removed)}${list("added", added)}`;
}
