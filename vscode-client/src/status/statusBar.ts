/** The one status bar item. A click opens the menu. */

import * as vscode from "vscode";
import type { Server } from "../server/server";
import { type Shown, status } from "./state";
import type { WorkTrees } from "./workTrees";

const BACKGROUNDS: Partial<Record<Shown, string>> = {
  error: "statusBarItem.errorBackground",
  missing: "statusBarItem.warningBackground",
};

export function statusBar(server: Server, trees: WorkTrees): vscode.Disposable {
  const item = vscode.window.createStatusBarItem("codewm.status", vscode.StatusBarAlignment.Right, 90);
  item.name = "codewm";
  item.command = "codewm.menu";
  const show = (): void => {
    const now = status(server.state, trees.atHand());
    const background = BACKGROUNDS[now.shown];
    item.text = `$(${now.icon}) ${now.text}`;
    item.tooltip = now.sentence;
    item.accessibilityInformation = { label: `${now.text}. ${now.sentence}`, role: "button" };
    item.backgroundColor = background === undefined ? undefined : new vscode.ThemeColor(background);
    // A window without a Git work tree has nothing to be told.
    if (now.shown === "idle") {
      item.hide();
    } else {
      item.show();
    }
  };
  show();
  return vscode.Disposable.from(item, server.onDidChangeState(show), trees.onDidChange(show));
}
