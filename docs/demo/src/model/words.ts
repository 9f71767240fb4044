/** What a word is, and what its parts are: mirrors `codewm_model/words.py`. */

const WORD = /[\p{L}\p{N}_]+/gu;
const SUBWORD = /[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\p{Nd}+|(?:(?![\p{Nd}a-zA-Z])[\p{L}\p{N}])+/gu;

/** The words of a text, punctuation left out. */
export function words(text: string): string[] {
  return text.match(WORD) ?? [];
}

/** The parts of a name at case, digits and underscores, in lower case; none for `_`. */
export function subwords(word: string): string[] {
  return (word.match(SUBWORD) ?? []).map((part) => part.toLowerCase());
}
