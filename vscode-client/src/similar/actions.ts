/** What can be done with a past edit in the view, from its menu or from the palette. */

import * as vscode from "vscode";
import { documentOf, showDiff } from "../documents";
import type { Hit } from "../protocol";
import { pickable } from "../quickPick";
import type { Node } from "./tree";
import type { SimilarEditsView } from "./view";
import { plain, shortHash } from "./words";

/** The little that we use of the Git extension's exports. */
interface GitExtension {
  enabled: boolean;
  getAPI(version: 1): { getRepository(uri: vscode.Uri): { rootUri: vscode.Uri } | null };
}

/** The node that a command means: the one it was called on, the selected one, or one that is picked now. */
export async function meant(view: SimilarEditsView, node: Node | undefined): Promise<Node | undefined> {
  if (node !== undefined || view.selected !== undefined) {
    return node ?? view.selected;
  }
  const items = view.hunks().map((hunk) => ({
    ...pickable(hunk.label, `${plain(hunk.hit.path)} · ${hunk.description}`, plain(hunk.hit.subject)),
    hunk,
  }));
  const picked = await vscode.window.showQuickPick(items, { title: "codewm: which past edit?", matchOnDetail: true });
  return picked?.hunk;
}

export async function copyHash(hit: Hit): Promise<void> {
  await vscode.env.clipboard.writeText(hit.commit);
  vscode.window.setStatusBarMessage(`codewm: ${shortHash(hit.commit)} copied.`, 3_000);
}

/** The whole commit, where the Git extension knows the repository; otherwise those of its files that are hits. */
export async function openCommit(hit: Hit, document: vscode.Uri | undefined, siblings: readonly Hit[]): Promise<void> {
  const repository = document && gitRepository(document);
  if (repository !== undefined) {
    await vscode.commands.executeCommand("git.viewCommit", repository, hit.commit);
    return;
  }
  const files = new Map(siblings.filter((one) => one.commit === hit.commit).map((one) => [one.path, one]));
  if (files.size === 1) {
    await showDiff(hit, { preserveFocus: false });
    return;
  }
  const sides = [...files.values()].map((one) => [documentOf(one, "after"), documentOf(one, "before"), documentOf(one, "after")]);
  await vscode.commands.executeCommand("vscode.changes", `${shortHash(hit.commit)}: ${plain(hit.subject)}`, sides);
}

function gitRepository(document: vscode.Uri): vscode.Uri | undefined {
  const git = vscode.extensions.getExtension<GitExtension>("vscode.git");
  if (git?.isActive !== true || !git.exports.enabled) {
    return undefined;
  }
  return git.exports.getAPI(1).getRepository(document)?.rootUri;
}
