/** The page: opens the model, and shows an edit anew whenever a text, the action or the cursor changes. */

import { fetchBundle } from "../bundle.ts";
import { Examiner } from "../examine.ts";
import { editBetween } from "../model/edit.ts";
import { ActionPanel } from "./actionPanel.ts";
import { byId } from "./dom.ts";
import { openEditor } from "./editor.ts";
import type { Editor } from "./editor.ts";
import { showLikely } from "./likelyCard.ts";
import { showLoops } from "./loopsCard.ts";
import { MapCard } from "./mapCard.ts";
import { showNearest } from "./nearestCard.ts";
import { showPrediction } from "./predictionCard.ts";
import { followTheme } from "./theme.ts";
import { showTokens } from "./tokensCard.ts";

/** For the console, for tests and for benchmarks. Times are in milliseconds. */
export interface Door {
  readonly examiner: Examiner;
  readonly times: {
    /** From the start of the page's load to the first prediction on the screen. */
    readonly first: number;
    /** From a change to all that is shown of it, each so far. The first is that of the load, without the load. */
    readonly next: number[];
  };
}

declare global {
  interface Window {
    codewm?: Door;
  }
}

const status = byId("status", HTMLOutputElement);

followTheme(byId("theme", HTMLSelectElement));
start().catch(fail);

async function start(): Promise<void> {
  const bundle = fetchBundle();
  let refresh: (focus: Editor) => void = () => undefined; // there is nothing to show before the model is there
  const events = (editor: () => Editor): { changed: () => void; moved: () => void } => ({
    changed: () => refresh(editor()),
    moved: () => refresh(editor()),
  });
  const before: Editor = openEditor(byId("before", HTMLElement), "before", events(() => before));
  const after: Editor = openEditor(byId("after", HTMLElement), "after", events(() => after));
  const { data, files } = await bundle;
  const pick = chooser(data.examples, before, after);
  const examiner = await Examiner.open({ data, files });
  const page = new Page(examiner, before, after);
  refresh = (focus) => void page.refresh(focus).catch(fail);
  await page.refresh();
  const first = page.shown;
  status.textContent = `ready: first prediction after ${Math.round(first)} ms`;
  window.codewm = { examiner, times: { first, next: page.times } };
  byId("example", HTMLSelectElement).addEventListener("change", pick);
  byId("swap", HTMLButtonElement).addEventListener("click", () => {
    const [old, next] = [before.text(), after.text()];
    before.setText(next, before.line());
    after.setText(old, after.line());
  });
}

function fail(error: unknown): void {
  status.classList.add("failed");
  status.textContent = `The model cannot be run here: ${error instanceof Error ? error.message : String(error)}`;
}

/** Fills the list of examples and shows the first; what it gives shows the one that is chosen. */
function chooser(examples: Examiner["data"]["examples"], before: Editor, after: Editor): () => void {
  const list = byId("example", HTMLSelectElement);
  list.append(...examples.map(({ title }, i) => new Option(title, String(i))));
  const pick = (): void => {
    const example = examples[Number(list.value)];
    if (example) {
      const { first } = editBetween(example.before, example.after);
      before.setText(example.before, first);
      after.setText(example.after, first);
    }
  };
  pick();
  return pick;
}

class Page {
  readonly times: number[] = [];
  /** When the newest prediction was on the screen. */
  shown = 0;
  readonly #examiner: Examiner;
  readonly #before: Editor;
  readonly #after: Editor;
  readonly #action: ActionPanel;
  readonly #map: MapCard;
  #focus: Editor;
  #working: Promise<void> | undefined;
  #since: number | undefined;

  constructor(examiner: Examiner, before: Editor, after: Editor) {
    this.#examiner = examiner;
    this.#before = before;
    this.#after = after;
    this.#focus = before;
    this.#map = new MapCard(byId("map", HTMLElement), examiner);
    this.#action = new ActionPanel(byId("action", HTMLElement), examiner.data.classes, () => void this.refresh().catch(fail));
    byId("model", HTMLElement).textContent = modelInWords(examiner);
  }

  /**
   * Show everything anew, as soon as what is under way is done; what changed meanwhile is shown once. The promise is kept
   * when all of it is shown.
   */
  refresh(focus?: Editor): Promise<void> {
    this.#focus = focus ?? this.#focus;
    this.#since ??= performance.now();
    this.#working ??= this.#work().finally(() => (this.#working = undefined));
    return this.#working;
  }

  async #show(): Promise<void> {
    const edit = await this.#examiner.examine(this.#before.text(), this.#after.text(), this.#action.chosen);
    const { first, removed, added } = edit.lines;
    this.#before.markChanged(first, removed);
    this.#after.markChanged(first, added);
    this.#action.show(edit);
    this.#map.show(edit);
    showPrediction(byId("prediction", HTMLElement), this.#examiner, edit);
    showLoops(byId("loops", HTMLElement), edit);
    const { kind, topic } = this.#examiner.data.model.weight;
    showNearest(byId("nearest", HTMLElement), this.#examiner.nearest(edit), kind + topic > 0);
    showTokens(byId("tokens", HTMLElement), edit);
    this.shown = performance.now();
    const likely = await this.#examiner.likelyAt(this.#focus.text(), this.#focus.line());
    const where = `line ${this.#focus.line() + 1} of ${this.#focus === this.#before ? "before" : "after"}`;
    showLikely(byId("likely", HTMLElement), where, likely, (row) => this.#action.choose(row));
  }

  async #work(): Promise<void> {
    while (this.#since !== undefined) {
      const since = this.#since;
      this.#since = undefined;
      await this.#show();
      this.times.push(performance.now() - since);
      status.textContent = `predicted in ${Math.round(this.times.at(-1) ?? 0)} ms`;
    }
  }
}

function modelInWords({ data: { model, gallery } }: Examiner): string {
  return (
    `Model "${model.name}", ${model.parameters.toLocaleString("en")} parameters, ${model.positions} positions, ` +
    `representation ${model.representation}. Gallery: ${gallery.length} edits, written by hand for this page.`
  );
}
