/** The menu of the status bar item: what can be done in the state that it shows. */

import * as vscode from "vscode";
import type { Server } from "../server/server";
import { type Shown, status } from "./state";
import type { WorkTrees } from "./workTrees";

interface Entry extends vscode.QuickPickItem {
  command: string;
}

export async function showMenu(server: Server, trees: WorkTrees): Promise<void> {
  const now = status(server.state, trees.atHand());
  const picked = await vscode.window.showQuickPick(entries(now.shown, server.work.size > 0), {
    title: `codewm: ${now.sentence}`,
    placeHolder: "What do you want to do?",
  });
  if (picked !== undefined) {
    await vscode.commands.executeCommand(picked.command);
  }
}

function entries(shown: Shown, isCancellable: boolean): Entry[] {
  const list: Entry[] = [];
  const add = (icon: string, label: string, command: string): unknown => list.push({ label: `$(${icon}) ${label}`, command });
  if (shown === "off") {
    add("play", "Turn codewm on in this window", "codewm.toggle");
  } else if (shown === "missing") {
    add("cloud-download", "Install the server into a private environment…", "codewm.installServer");
  } else if (shown === "error" || shown === "busy") {
    add("debug-restart", "Restart the server", "codewm.restart");
    add("output", "Show the log", "codewm.showLog");
  }
  if (shown === "none") {
    add("database", "Index this repository", "codewm.index");
  } else if (shown === "stale") {
    add("database", "Index the newer commits", "codewm.index");
  } else if (shown === "error") {
    add("database", "Rebuild the index", "codewm.rebuild");
  } else if (shown === "indexing" && isCancellable) {
    add("stop-circle", "Cancel indexing", "codewm.cancelIndexing");
  }
  if (shown === "ready" || shown === "stale" || shown === "indexing") {
    add("history", "Similar edits", "codewm.showSimilarEdits");
    add("lightbulb", "Predicted edits", "codewm.showPredictedEdits");
    add("eye-closed", "Hidden past edits…", "codewm.dismissed");
    add("database", "Rebuild the index", "codewm.rebuild");
  }
  if (shown !== "error" && shown !== "busy") {
    add("debug-restart", "Restart the server", "codewm.restart");
    add("output", "Show the log", "codewm.showLog");
  }
  if (shown !== "missing") {
    add("pulse", "Run the doctor", "codewm.doctor");
  }
  if (shown !== "off") {
    add("circle-slash", "Turn codewm off in this window", "codewm.toggle");
  }
  add("gear", "Settings", "codewm.settings");
  return list;
}
