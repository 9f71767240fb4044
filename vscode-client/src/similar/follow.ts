/** Keeps the view at the edit that the cursor is in: quietly, and only while somebody can see it. */

import * as vscode from "vscode";
import type { Position, Range } from "../protocol";
import type { Server } from "../server/server";
import type { WorkTrees } from "../status/workTrees";
import { progress } from "../status/state";
import type { SimilarEditsView } from "./view";

const PAUSE_MS = 300;
/** While the index grows, so do the answers; a new question at most this often. */
const PAUSE_WHILE_INDEXING_MS = 2_000;
/** As many as the server gives: a filter leaves few of them. */
const MOST_HITS = 50;

type Place = { position: Position } | { range: Range };

export class Follow implements vscode.Disposable {
  private readonly subscriptions: vscode.Disposable[];
  private timer: NodeJS.Timeout | undefined;
  private last: { uri: vscode.Uri; place: Place } | undefined;
  private asking: vscode.CancellationTokenSource | undefined;

  constructor(
    private readonly server: Server,
    private readonly trees: WorkTrees,
    private readonly view: SimilarEditsView,
    private readonly log: vscode.LogOutputChannel,
  ) {
    const soon = (): void => this.schedule(PAUSE_MS);
    this.subscriptions = [
      vscode.window.onDidChangeActiveTextEditor(soon),
      vscode.window.onDidChangeTextEditorSelection(({ textEditor }) => this.isFollowed(textEditor) && soon()),
      vscode.workspace.onDidChangeTextDocument(({ document }) => isActive(document) && soon()),
      vscode.workspace.onDidSaveTextDocument((document) => isActive(document) && soon()),
      view.onDidChangeVisibility(soon),
      view.onDidChangeFilter(soon),
      server.onDidChangeState(soon),
      trees.onDidChange(() => {
        this.view.notice = this.notice();
        this.schedule(trees.atHand()?.state === "indexing" ? PAUSE_WHILE_INDEXING_MS : PAUSE_MS);
      }),
    ];
    soon();
  }

  /** Asks about a place at once, whether or not the view can be seen. */
  async askFor(uri: vscode.Uri, place: Place): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.last = { uri, place };
    this.asking?.cancel();
    const asking = (this.asking = new vscode.CancellationTokenSource());
    const params = {
      textDocument: { uri: uri.toString() },
      ...place,
      ...(this.view.filter === undefined ? {} : { k: MOST_HITS }),
    };
    try {
      const answer = await this.server.request("codewm/similarEdits", params, asking.token);
      if (answer !== undefined && answer.status !== "stale" && !asking.token.isCancellationRequested) {
        this.view.show(answer, uri);
        this.view.notice = this.notice();
      }
    } catch (error) {
      this.log.warn(`Similar edits were not answered: ${String(error)}`);
    } finally {
      asking.dispose();
    }
  }

  /** Asks again about what is shown. */
  refresh(): void {
    this.schedule(0);
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.asking?.cancel();
    vscode.Disposable.from(...this.subscriptions).dispose();
  }

  /** An earlier question is kept if it comes no later: a long pause never starves. */
  private schedule(pause: number): void {
    if (pause === PAUSE_WHILE_INDEXING_MS && this.timer !== undefined) {
      return;
    }
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.timer = undefined;
      if (this.view.visible) {
        void this.follow();
      }
    }, pause);
  }

  private async follow(): Promise<void> {
    const { state } = this.server;
    const editor = vscode.window.activeTextEditor;
    if (state.kind === "starting" || state.kind === "restarting") {
      return; // what was shown stays
    }
    if (state.kind !== "running") {
      this.view.clear(state.kind);
    } else if (editor !== undefined && this.trees.of(editor.document.uri)?.state === "none") {
      this.asking?.cancel();
      this.view.clear("none"); // to be known before anything is changed
    } else if (editor !== undefined && this.isFollowed(editor)) {
      await this.askFor(editor.document.uri, { position: editor.selection.active });
    } else if (this.last !== undefined && isOpen(this.last.uri)) {
      await this.askFor(this.last.uri, this.last.place); // a diff of the view, for one, is no reason to let go
    } else {
      this.view.clear(this.trees.atHand()?.state === "none" ? "none" : "idle");
    }
    this.view.notice = this.notice();
  }

  /** What the tree cannot say: how far the index is, or what is wrong with it. */
  private notice(): string {
    const tree = this.view.document === undefined ? this.trees.atHand() : this.trees.of(this.view.document);
    if (this.server.state.kind !== "running" || tree === undefined) {
      return "";
    }
    if (tree.state === "indexing") {
      return `Indexing: ${progress(tree).replace("/", " of ")} commits. The newest are searched already.`;
    }
    return tree.state === "error" ? (tree.message ?? "The index cannot be used.") : "";
  }

  private isFollowed(editor: vscode.TextEditor): boolean {
    return editor.document.uri.scheme === "file" && editor === vscode.window.activeTextEditor;
  }
}

function isActive(document: vscode.TextDocument): boolean {
  return document === vscode.window.activeTextEditor?.document;
}

function isOpen(uri: vscode.Uri): boolean {
  return vscode.workspace.textDocuments.some((document) => document.uri.toString() === uri.toString());
}
