/** Runs the bundle's networks through onnxruntime's WebAssembly, on one thread. Mirrors `codewm_model/runtime.py`. */

import { env, InferenceSession, Tensor } from "onnxruntime-web/wasm";
import { columns } from "./tokenizer.ts";
import type { TokenSequence } from "./tokenizer.ts";

const INPUTS = ["text", "parent", "depth", "mark"] as const;
const REMEMBERED = 64; // encoded sequences

/** The bytes of the networks, and of onnxruntime itself. */
export interface NetworkFiles {
  readonly runtime: Uint8Array;
  readonly encoder: Uint8Array;
  readonly predictor: Uint8Array;
  readonly editHead: Uint8Array;
}

/**
 * What the encoder makes of a sequence: the state `[D]`, the focus readouts `[3 D]`, log-probabilities of the classes
 * of actions `[K]`, and the readout after each loop, `[D]` each.
 */
export interface Encoded {
  readonly state: Float32Array;
  readonly focus: Float32Array;
  readonly prior: Float32Array;
  readonly loops: readonly Float32Array[];
}

/** The three networks. */
export class Model {
  readonly #encoder: InferenceSession;
  readonly #predictor: InferenceSession;
  readonly #editHead: InferenceSession;
  readonly #known = new Map<string, Promise<Encoded>>();

  private constructor(encoder: InferenceSession, predictor: InferenceSession, editHead: InferenceSession) {
    this.#encoder = encoder;
    this.#predictor = predictor;
    this.#editHead = editHead;
  }

  /** Load them. */
  static async open(files: NetworkFiles): Promise<Model> {
    env.wasm.numThreads = 1;
    env.wasm.wasmBinary = files.runtime;
    // Graphs are run as they were exported: to look for better ones takes longer than they would save in a visit.
    const options = { executionProviders: ["wasm"], enableMemPattern: false, graphOptimizationLevel: "disabled" } as const;
    const open = (data: Uint8Array): Promise<InferenceSession> => InferenceSession.create(data, options);
    const encoder = await open(files.encoder); // one after the other: the first loads the runtime
    return new Model(encoder, await open(files.predictor), await open(files.editHead));
  }

  /** States, readouts and prior of a sequence; an empty one has some, too. Those seen lately are remembered. */
  encode(sequence: TokenSequence): Promise<Encoded> {
    const rows = columns(sequence);
    const name = JSON.stringify(rows);
    const known = this.#known.get(name) ?? this.#encode(rows);
    this.#known.delete(name);
    this.#known.set(name, known);
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= REMEMBERED) {
        break;
      }
      this.#known.delete(oldest);
    }
    return known;
  }

  /** The learned embedding of an edit, from both sides. */
  async edit(before: Encoded, after: Encoded): Promise<Float32Array> {
    const focus = ({ focus }: Encoded): Tensor => new Tensor("float32", focus, [1, 3, focus.length / 3]);
    const outputs = await this.#editHead.run({ before_focus: focus(before), after_focus: focus(after) });
    return numbers(outputs, "edit");
  }

  /** The next state `[D]` of a state under an action. */
  async predict(state: Float32Array, action: Float32Array): Promise<Float32Array> {
    const outputs = await this.#predictor.run({
      state: new Tensor("float32", state, [1, state.length]),
      action: new Tensor("float32", action, [1, action.length]),
    });
    return numbers(outputs, "prediction");
  }

  async #encode(rows: readonly number[][]): Promise<Encoded> {
    const length = Math.max(1, rows[0]?.length ?? 0); // an empty sequence has one position, of padding
    const inputs = INPUTS.map((name, i) => {
      const ids = BigInt64Array.from({ length }, (_, place) => BigInt(rows[i]?.[place] ?? 0));
      return [name, new Tensor("int64", ids, [1, length])] as const;
    });
    const outputs = await this.#encoder.run(Object.fromEntries(inputs));
    const loops = this.#encoder.outputNames.filter((name) => name.startsWith("loop_"));
    return {
      state: numbers(outputs, "state"),
      focus: numbers(outputs, "focus"),
      prior: numbers(outputs, "prior"),
      loops: loops.map((name) => numbers(outputs, name)),
    };
  }
}

function numbers(outputs: InferenceSession.OnnxValueMapType, name: string): Float32Array {
  const data = outputs[name]?.data;
  if (!(data instanceof Float32Array)) {
    throw new Error(`the network gives no ${name}`);
  }
  return Float32Array.from(data);
}
