/** From two texts to everything that the page shows of them. It knows neither the page nor where its bytes come from. */

import type { Parser } from "web-tree-sitter";
import type { Bundle, DemoData, GalleryEdit } from "./bundle.ts";
import { actionOf, labelOf, partsOf } from "./model/actions.ts";
import type { ActionParts } from "./model/actions.ts";
import { changeOf } from "./model/changes.ts";
import type { Change } from "./model/changes.ts";
import { editBetween, splitLines } from "./model/edit.ts";
import { openParser } from "./model/languages.ts";
import { probabilities } from "./model/prediction.ts";
import { fuse, reasons, weighed } from "./model/ranking.ts";
import type { Channels } from "./model/ranking.ts";
import { regionAt, regionPair } from "./model/regions.ts";
import { Model } from "./model/runtime.ts";
import type { Encoded } from "./model/runtime.ts";
import { cosine, idfOf, sketchOf } from "./model/sketch.ts";
import type { Features, Idf, Sketch } from "./model/sketch.ts";
import { Source } from "./model/syntax.ts";
import { tokenize } from "./model/tokenizer.ts";
import type { TokenSequence } from "./model/tokenizer.ts";
import { cosineOf, dot } from "./model/vectors.ts";

/** One side as the model is shown it, and what it makes of it. */
export interface SeenSide {
  readonly tokens: TokenSequence;
  readonly encoded: Encoded;
}

/** An edit as the model sees it. `action` is what the prediction was made with, `derived` what the texts say. */
export interface Examined {
  readonly label: string;
  readonly derived: ActionParts;
  readonly action: Float32Array;
  readonly lines: { readonly first: number; readonly removed: number; readonly added: number };
  readonly before: SeenSide;
  readonly after: SeenSide;
  readonly sketch: Sketch;
  /** The learned embedding; undefined where the model sees nothing on either side. */
  readonly learned: Float32Array | undefined;
  readonly predicted: Float32Array;
}

/** An edit of the gallery, with its score and what it is made of. */
export interface Near {
  readonly edit: GalleryEdit;
  readonly score: number;
  readonly channels: Channels;
  readonly reasons: readonly string[];
}

/** A class of actions, and how likely it is next. */
export interface Likely {
  readonly row: number;
  readonly label: string;
  readonly probability: number;
}

/** The model at work. */
export class Examiner {
  readonly data: DemoData;
  readonly #parser: Parser;
  readonly #model: Model;
  readonly #idf: Idf;
  readonly #gallery: readonly { edit: GalleryEdit; lexical: Features; structural: Features }[];

  private constructor(data: DemoData, parser: Parser, model: Model, idf: Idf) {
    this.data = data;
    this.#parser = parser;
    this.#model = model;
    this.#idf = idf;
    this.#gallery = data.gallery.map((edit) => {
      return { edit, lexical: new Map(edit.lexical), structural: new Map(edit.structural) };
    });
  }

  /** Load the networks and the grammar. */
  static async open({ data, files }: Bundle): Promise<Examiner> {
    const [parser, model] = await Promise.all([
      openParser(files["tree-sitter"], files.python),
      Model.open({
        runtime: files.onnxruntime,
        encoder: files.encoder,
        predictor: files.predictor,
        editHead: files.edit_head,
      }),
    ]);
    return new Examiner(data, parser, model, idfOf(files.idf));
  }

  /** Everything of an edit; with an `action` the prediction is of that one. */
  async examine(before: string, after: string, action?: Float32Array): Promise<Examined> {
    const change = changeOf(this.#parser, editBetween(before, after));
    try {
      return await this.#examined(change, action);
    } finally {
      change.sources.forEach((source) => source.close());
    }
  }

  /** How likely each class of edits is at a line (0-based) of a text, likeliest first. */
  async likelyAt(text: string, line: number): Promise<Likely[]> {
    const source = Source.parse(this.#parser, splitLines(text));
    const at = Math.max(0, Math.min(line, source.lineCount - 1));
    const tokens = this.#tokens(regionAt(source, at, this.data.model.positions));
    source.close();
    const found = probabilities((await this.#model.encode(tokens)).prior);
    return found
      .map((probability, row) => ({ row, label: this.data.classes.labels[row] ?? "", probability }))
      .sort((one, two) => two.probability - one.probability);
  }

  /** The edits of the gallery, nearest first. */
  nearest({ sketch, learned }: Examined): Near[] {
    const { weight } = this.data.model;
    const share = weight.kind + weight.topic;
    const query = learned && share ? weighed(learned, weight) : undefined;
    return this.#gallery
      .map(({ edit, lexical, structural }) => {
        const channels = {
          lexical: cosine(sketch.lexical, lexical),
          structural: cosine(sketch.structural, structural),
          learned: query ? dot(query, edit.learned) : 0,
        };
        return { edit, channels, score: fuse(channels, share), reasons: reasons(channels) };
      })
      .sort((one, two) => two.score - one.score);
  }

  /**
   * Which place the state after the edit has among the states at hand, by their nearness to a guess: those of the
   * gallery, before and after, and the one before this edit. A tie counts against it, as in our judging.
   */
  rank(guess: Float32Array, { before, after }: Examined): { place: number; of: number } {
    const others = [
      before.encoded.state,
      ...this.data.gallery.flatMap(({ beforeState, afterState }) => [beforeState, afterState]),
    ];
    const right = cosineOf(guess, after.encoded.state);
    return { place: 1 + others.filter((state) => cosineOf(guess, state) >= right).length, of: others.length + 1 };
  }

  async #examined(change: Change, chosen?: Float32Array): Promise<Examined> {
    const positions = this.data.model.positions;
    const [before, after] = await Promise.all(
      regionPair(change, positions)
        .map((region) => this.#tokens(region))
        .map(async (tokens) => ({ tokens, encoded: await this.#model.encode(tokens) })),
    );
    if (!before || !after) {
      throw new Error("an edit has two sides");
    }
    const derived = partsOf(change);
    const action = chosen ?? actionOf(derived);
    const seen = before.tokens.positions.length + after.tokens.positions.length > 0;
    const { first, removed, added } = change.edit;
    return {
      label: labelOf(change),
      derived,
      action,
      lines: { first, removed: removed.length, added: added.length },
      before,
      after,
      sketch: sketchOf(change, this.#idf),
      learned: seen ? await this.#model.edit(before.encoded, after.encoded) : undefined,
      predicted: await this.#model.predict(before.encoded.state, action),
    };
  }

  #tokens(region: Parameters<typeof tokenize>[0]): TokenSequence {
    return tokenize(region, this.data.model.positions);
  }
}
