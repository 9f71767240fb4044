/** The view "Similar edits": the past edits like the one at the cursor, as a tree. */

import * as vscode from "vscode";
import { documentOf } from "../documents";
import type { SimilarEditsResult } from "../protocol";
import { buildTree, type Filter, type Node, shownHits } from "./tree";
import { plain } from "./words";

export const VIEW = "codewm.similarEdits";

/** Why the view is empty; the welcome texts in package.json are chosen by it. */
export type Emptiness = "off" | "missing" | "failed" | "busy" | "idle" | "none" | "no-edit" | "left-alone" | "nothing" | "filtered";

export class SimilarEditsView implements vscode.TreeDataProvider<Node>, vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly tree: vscode.TreeView<Node>;
  private readonly filtered = new vscode.EventEmitter<void>();
  private roots: Node[] = [];
  private shown = "";
  private wanted: Filter;
  private noticed = "";

  readonly onDidChangeTreeData = this.changed.event;
  readonly onDidChangeVisibility: vscode.Event<unknown>;
  readonly onDidChangeFilter = this.filtered.event;

  /** The last result that is shown, and the document that it answers for. */
  result: SimilarEditsResult | undefined;
  document: vscode.Uri | undefined;

  constructor() {
    this.tree = vscode.window.createTreeView(VIEW, { treeDataProvider: this, showCollapseAll: true });
    this.onDidChangeVisibility = this.tree.onDidChangeVisibility;
  }

  get visible(): boolean {
    return this.tree.visible;
  }

  /** The node that a command means if it names none. */
  get selected(): Node | undefined {
    return this.tree.selection[0];
  }

  /** All past edits that are shown, in their order. */
  hunks(): Node[] {
    return everyNode(this.roots).filter((node) => node.kind === "hunk");
  }

  get filter(): Filter {
    return this.wanted;
  }

  set filter(filter: Filter) {
    this.wanted = filter;
    void vscode.commands.executeCommand("setContext", "codewm.filtered", filter !== undefined);
    this.notice = this.noticed;
    this.filtered.fire();
  }

  /** Shows an answer; one that changes nothing does not touch the tree. */
  show(result: SimilarEditsResult, document: vscode.Uri): void {
    this.result = result;
    this.document = document;
    const hits = shownHits(result, this.wanted);
    this.fill(buildTree(hits, new Date()), hits.length === 0 ? this.emptiness(result) : undefined);
  }

  /** Shows that there is nothing to ask about, and why. */
  clear(why: Emptiness): void {
    this.result = undefined;
    this.document = undefined;
    this.fill([], why);
  }

  /** A line above the tree, beside the filter's; while there is one, no welcome text is shown. Empty for none. */
  set notice(text: string) {
    this.noticed = text;
    const message = [this.filterWords(), text].filter(Boolean).join("\n");
    if (this.tree.message !== message) {
      this.tree.message = message;
    }
  }

  async focus(): Promise<void> {
    await vscode.commands.executeCommand(`${VIEW}.focus`);
  }

  getChildren(node?: Node): Node[] {
    return node === undefined ? this.roots : node.children;
  }

  getParent(node: Node): Node | undefined {
    return everyNode(this.roots).find((one) => one.children.includes(node));
  }

  getTreeItem(node: Node): vscode.TreeItem {
    const { Expanded, None } = vscode.TreeItemCollapsibleState;
    const item = new vscode.TreeItem(node.label, node.children.length > 0 ? Expanded : None);
    item.id = node.id;
    item.description = node.description;
    item.tooltip = node.tooltip;
    item.contextValue = `codewm.${node.kind}`;
    item.accessibilityInformation = { label: node.spoken, role: "treeitem" };
    if (node.kind === "commit") {
      item.iconPath = new vscode.ThemeIcon("git-commit");
    } else if (node.kind === "file") {
      item.iconPath = vscode.ThemeIcon.File;
      item.resourceUri = documentOf(node.hit, "after");
    } else {
      item.iconPath = new vscode.ThemeIcon("diff");
      item.command = { command: "codewm.openDiff", title: "Open Diff", arguments: [node] };
    }
    return item;
  }

  dispose(): void {
    vscode.Disposable.from(this.tree, this.changed, this.filtered).dispose();
  }

  private fill(roots: Node[], why: Emptiness | undefined): void {
    void vscode.commands.executeCommand("setContext", "codewm.empty", why ?? "");
    const now = JSON.stringify(roots);
    if (now !== this.shown) {
      this.shown = now;
      this.roots = roots;
      this.changed.fire();
    }
  }

  private emptiness(result: SimilarEditsResult): Emptiness {
    switch (result.status) {
      case "no-index":
        return "none";
      case "no-edit":
        return "no-edit";
      case "ok":
        return this.wanted === undefined ? "nothing" : "filtered";
      default:
        return "left-alone";
    }
  }

  private filterWords(): string {
    if (this.wanted === undefined) {
      return "";
    }
    return `Only past edits ${"path" in this.wanted ? `of ${plain(this.wanted.path)}` : `by ${plain(this.wanted.author)}`}.`;
  }
}

function everyNode(nodes: readonly Node[]): Node[] {
  return nodes.flatMap((node) => [node, ...everyNode(node.children)]);
}
