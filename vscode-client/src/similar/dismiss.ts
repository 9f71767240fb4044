/** "Never show this again", how to undo it, and the list of all that is hidden. */

import * as vscode from "vscode";
import type { Dismissal, Hit } from "../protocol";
import { pickable } from "../quickPick";
import type { Server } from "../server/server";
import { linesWords, plain, shortHash } from "./words";

export type What = "hit" | "commit" | "path" | "author";

export class Dismissals {
  private last: { uri: string; dismissal: Dismissal }[] = [];

  /** `changed` is called when other hits are to be shown. */
  constructor(
    private readonly server: Server,
    private readonly changed: () => void,
  ) {}

  /** Hides a hit, or all of its commit, file or author, in the repository of `document`. */
  async dismiss(what: What, hit: Hit, document: vscode.Uri): Promise<void> {
    const dismissal = dismissalOf(what, hit);
    const uri = document.toString();
    await this.server.request("codewm/dismiss", { textDocument: { uri }, ...dismissal });
    this.remember([...this.last, { uri, dismissal }]);
    vscode.window.setStatusBarMessage(`codewm: ${kind(dismissal)} is hidden. Undo: in the view's title.`, 8_000);
  }

  /** Shows again what was hidden last. */
  async undo(): Promise<void> {
    const last = this.last.at(-1);
    if (last !== undefined) {
      await this.server.request("codewm/restore", { textDocument: { uri: last.uri }, ...last.dismissal });
      this.remember(this.last.slice(0, -1));
      vscode.window.setStatusBarMessage(`codewm: ${kind(last.dismissal)} is shown again.`, 5_000);
    }
  }

  /** Lists what is hidden in the repository of `place`; what is picked is shown again. */
  async pick(place: vscode.Uri): Promise<void> {
    const textDocument = { uri: place.toString() };
    const answer = await this.server.request("codewm/dismissed", { textDocument });
    const dismissed = answer?.dismissed ?? [];
    if (dismissed.length === 0) {
      vscode.window.setStatusBarMessage("codewm: nothing is hidden in this repository.", 5_000);
      return;
    }
    const items = dismissed.map((dismissal) => ({ ...pickable(words(dismissal), kind(dismissal)), dismissal }));
    const picked = await vscode.window.showQuickPick(items, {
      title: "codewm: hidden past edits",
      placeHolder: "Choose what is to be shown again",
      canPickMany: true,
    });
    for (const { dismissal } of picked ?? []) {
      await this.server.request("codewm/restore", { textDocument, ...dismissal });
    }
    if (picked !== undefined && picked.length > 0) {
      this.remember([]);
    }
  }

  private remember(last: typeof this.last): void {
    this.last = last;
    void vscode.commands.executeCommand("setContext", "codewm.canUndo", last.length > 0);
    this.changed();
  }
}

function dismissalOf(what: What, hit: Hit): Dismissal {
  switch (what) {
    case "hit":
      return { hit: { commit: hit.commit, path: hit.path, lines: hit.lines } };
    case "commit":
      return { commit: hit.commit };
    case "path":
      return { path: hit.path };
    case "author":
      return { author: hit.author };
  }
}

function words(dismissal: Dismissal): string {
  const { hit, commit, path, author } = dismissal;
  if (hit !== undefined) {
    return `${plain(hit.path)}, ${linesWords(hit.lines)} in ${shortHash(hit.commit)}`;
  }
  return commit !== undefined ? shortHash(commit) : plain(path ?? author ?? "");
}

function kind(dismissal: Dismissal): string {
  if (dismissal.hit !== undefined) {
    return "one past edit";
  }
  return dismissal.commit !== undefined ? "a commit" : dismissal.path !== undefined ? "a file or folder" : "an author";
}
