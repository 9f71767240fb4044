/** The two editors: CodeMirror, each in a shadow root, where its styles need no exception from the page's policy. */

import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { pythonLanguage } from "@codemirror/lang-python";
import { bracketMatching, HighlightStyle, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { EditorState, StateEffect, StateField } from "@codemirror/state";
import type { Range } from "@codemirror/state";
import { Decoration, drawSelection, EditorView, keymap, lineNumbers } from "@codemirror/view";
import type { DecorationSet } from "@codemirror/view";
import { tags } from "@lezer/highlight";

/** What the page needs of an editor. */
export interface Editor {
  text(): string;
  /** 0-based, of the cursor. */
  line(): number;
  /** Another text, with the cursor at the beginning of a line, 0-based. */
  setText(text: string, line: number): void;
  /** Mark lines [first, first + count), 0-based, as the changed ones. */
  markChanged(first: number, count: number): void;
}

/** What happens in one: its text changed, or its cursor moved. */
export interface EditorEvents {
  readonly changed: () => void;
  readonly moved: () => void;
}

/** An editor in `place`, named by the element with the id `title`. */
export function openEditor(place: HTMLElement, name: "before" | "after", events: EditorEvents): Editor {
  const root = place.attachShadow({ mode: "open" });
  const view = new EditorView({
    root,
    parent: root,
    extensions: [
      lineNumbers(),
      history(),
      drawSelection(),
      bracketMatching(),
      indentUnit.of("    "),
      EditorState.tabSize.of(8),
      pythonLanguage,
      syntaxHighlighting(colours),
      changedLines,
      theme(name),
      keymap.of([...defaultKeymap, ...historyKeymap]), // Tab is left to the page: it leads on to the next control
      EditorView.contentAttributes.of({ "aria-label": `Python ${name} the edit`, "aria-multiline": "true" }),
      EditorView.updateListener.of((update) => {
        if (update.docChanged) {
          events.changed();
        } else if (update.selectionSet || (update.focusChanged && update.view.hasFocus)) {
          events.moved();
        }
      }),
    ],
  });
  return {
    text: () => view.state.doc.toString(),
    line: () => view.state.doc.lineAt(view.state.selection.main.head).number - 1,
    setText: (text, line) => {
      const anchor = text.split("\n", line).reduce((sum, before) => sum + before.length + 1, 0);
      const changes = { from: 0, to: view.state.doc.length, insert: text };
      view.dispatch({ changes, selection: { anchor: Math.min(anchor, text.length) }, scrollIntoView: true });
    },
    markChanged: (first, count) => view.dispatch({ effects: mark.of([first, count]) }),
  };
}

const mark = StateEffect.define<readonly [number, number]>();
const line = Decoration.line({ class: "cm-changed" });

const changedLines = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(known, { effects, changes, state }) {
    let decorations = known.map(changes);
    for (const effect of effects) {
      if (effect.is(mark)) {
        const [first, count] = effect.value;
        const lines: Range<Decoration>[] = [];
        for (let number = first + 1; number <= Math.min(first + count, state.doc.lines); number++) {
          lines.push(line.range(state.doc.line(number).from));
        }
        decorations = Decoration.set(lines);
      }
    }
    return decorations;
  },
  provide: (field) => EditorView.decorations.from(field),
});

const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword, tags.modifier], color: "var(--code-keyword)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--code-string)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--code-number)" },
  { tag: tags.comment, color: "var(--code-comment)", fontStyle: "italic" },
  { tag: [tags.function(tags.definition(tags.variableName)), tags.definition(tags.className)], color: "var(--code-name)" },
]);

function theme(name: string): ReturnType<typeof EditorView.theme> {
  return EditorView.theme({
    "&": { color: "var(--text)", backgroundColor: "var(--code-paper)", fontSize: "13px", height: "100%" },
    ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.5" },
    ".cm-content": { caretColor: "var(--text)" },
    "&.cm-focused": { outline: "2px solid var(--focus)" },
    ".cm-cursor": { borderLeftColor: "var(--text)" },
    ".cm-gutters": { backgroundColor: "var(--code-paper)", color: "var(--muted)", border: "none" },
    ".cm-changed": { backgroundColor: `var(--paper-${name})` },
    "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
      background: "var(--selection)",
    },
    "&.cm-focused .cm-matchingBracket": { backgroundColor: "transparent", outline: "1px solid var(--muted)" },
  });
}
