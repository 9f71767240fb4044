/** The work trees that the server knows, kept up to date by its answers and notifications. */

import * as path from "node:path";
import * as vscode from "vscode";
import type { WorkTree } from "../protocol";
import type { Server } from "../server/server";

export class WorkTrees implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly trees = new Map<string, WorkTree>();
  private readonly subscriptions: vscode.Disposable[];

  /** Fires when a work tree is there, gone or in another state. */
  readonly onDidChange = this.changed.event;

  constructor(
    private readonly server: Server,
    private readonly log: vscode.LogOutputChannel,
  ) {
    this.subscriptions = [
      this.changed,
      server.onDidChangeStatus((tree) => this.take([tree])),
      server.onDidChangeState((state) => state.kind === "running" && void this.ask()),
      vscode.window.onDidChangeActiveTextEditor(() => void this.askForActive()),
      // Later than the client, which tells the server of the same event.
      vscode.workspace.onDidChangeWorkspaceFolders(() => setImmediate(() => void this.ask())),
    ];
  }

  all(): WorkTree[] {
    return [...this.trees.values()];
  }

  /** The innermost work tree that a file or folder lies in. */
  of(uri: vscode.Uri): WorkTree | undefined {
    return this.all()
      .filter((tree) => liesIn(uri, vscode.Uri.parse(tree.uri)))
      .sort((one, other) => other.uri.length - one.uri.length)[0];
  }

  /** The work tree at hand: that of the active file, else that of the first folder that has one. */
  atHand(): WorkTree | undefined {
    const active = vscode.window.activeTextEditor?.document.uri;
    if (active?.scheme === "file") {
      return this.of(active);
    }
    const folders = vscode.workspace.workspaceFolders ?? [];
    return folders.map((folder) => this.of(folder.uri)).find((tree) => tree !== undefined) ?? this.all()[0];
  }

  /** Makes or updates the index of a work tree; the server reports how that goes. */
  async index(tree: WorkTree, rebuild: boolean): Promise<void> {
    const answer = await this.server.request("codewm/index", { textDocument: { uri: tree.uri }, rebuild });
    this.take(answer?.workTrees ?? []);
  }

  dispose(): void {
    vscode.Disposable.from(...this.subscriptions).dispose();
  }

  private async ask(): Promise<void> {
    await this.request({}, true);
    await this.askForActive();
  }

  private async askForActive(): Promise<void> {
    const uri = vscode.window.activeTextEditor?.document.uri;
    if (uri?.scheme === "file" && this.of(uri) === undefined) {
      await this.request({ textDocument: { uri: uri.toString() } }, false);
    }
    this.changed.fire(); // another one may be at hand
  }

  private async request(params: { textDocument?: { uri: string } }, isAll: boolean): Promise<void> {
    try {
      const answer = await this.server.request("codewm/status", params);
      if (answer !== undefined && isAll) {
        this.trees.clear();
      }
      this.take(answer?.workTrees ?? []);
    } catch (error) {
      this.log.warn(`The server did not tell its status: ${String(error)}`);
    }
  }

  private take(trees: readonly WorkTree[]): void {
    for (const tree of trees) {
      this.trees.set(tree.uri, tree);
    }
    this.changed.fire();
  }
}

function liesIn(uri: vscode.Uri, folder: vscode.Uri): boolean {
  const relative = path.relative(folder.fsPath, uri.fsPath);
  return uri.scheme === folder.scheme && !path.isAbsolute(relative) && relative.split(path.sep)[0] !== "..";
}
