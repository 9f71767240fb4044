/** What the model needs to know of the Python grammar: mirrors `codewm_model/languages.py`. */

import { Language, Parser } from "web-tree-sitter";

export const HOLE = "interpolation";
export const STRING = "string";
export const ANNOTATION = "type";
export const FUNCTION = "function_definition";
export const CLASS = "class_definition";

const KINDS: ReadonlyMap<string, string> = new Map([
  ["identifier", "name"],
  ["string", "string"],
  ["integer", "number"],
  ["float", "number"],
  ["comment", "comment"],
  ["string_start", "string"],
  ["string_content", "string"],
  ["string_end", "string"],
  ["escape_sequence", "string"],
]);

/** A leaf's class: names, strings, numbers and comments by kind, keywords and punctuation by their text. */
export function kindOf(nodeType: string): string {
  return KINDS.get(nodeType) ?? nodeType;
}

/** A parser of Python, out of the bytes of tree-sitter itself and of the grammar, both WebAssembly. */
export async function openParser(core: Uint8Array, grammar: Uint8Array): Promise<Parser> {
  await Parser.init({ wasmBinary: core });
  return new Parser().setLanguage(await Language.load(grammar));
}
