/** Starts the server when there is something for it to do, and obeys `codewm.enable`. */

import { access } from "node:fs/promises";
import * as path from "node:path";
import * as vscode from "vscode";
import type { Server } from "./server/server";
import { localFolders } from "./server/surroundings";

/** Settings with which the server is started, so that a change means a new start. */
const SETTINGS_OF_THE_START = ["codewm.server.path", "python.defaultInterpreterPath"];

export class Starter implements vscode.Disposable {
  private readonly subscriptions: vscode.Disposable[];

  constructor(private readonly server: Server) {
    this.subscriptions = [
      vscode.window.onDidChangeActiveTextEditor(() => this.look()),
      vscode.workspace.onDidChangeWorkspaceFolders(() => this.look()),
      vscode.workspace.onDidGrantWorkspaceTrust(() => this.again()),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (SETTINGS_OF_THE_START.some((name) => event.affectsConfiguration(name))) {
          this.again();
        } else if (event.affectsConfiguration("codewm.enable")) {
          this.look();
        }
      }),
    ];
  }

  /** Starts a server that is needed and not there, stops one that is turned off. */
  look(): void {
    const { kind } = this.server.state;
    if (!isEnabled()) {
      if (kind !== "off") {
        void this.server.stop({ kind: "off" });
      }
    } else if (kind === "idle" || kind === "off") {
      void this.startIfNeeded();
    }
  }

  /** Looks for the program again, where that may have changed. */
  again(): void {
    if (isEnabled() && this.server.state.kind !== "idle") {
      void this.server.lookAgain();
    } else {
      this.look();
    }
  }

  dispose(): void {
    vscode.Disposable.from(...this.subscriptions).dispose();
  }

  private async startIfNeeded(): Promise<void> {
    const active = vscode.window.activeTextEditor?.document.uri;
    const places = [...localFolders(), ...(active?.scheme === "file" ? [path.dirname(active.fsPath)] : [])];
    const inGit = await Promise.all(places.map(isInGit));
    if (inGit.includes(true)) {
      await this.server.start();
    } else if (this.server.state.kind === "off") {
      await this.server.stop({ kind: "idle" });
    }
  }
}

function isEnabled(): boolean {
  return vscode.workspace.getConfiguration("codewm").get<boolean>("enable", true);
}

async function isInGit(folder: string): Promise<boolean> {
  for (let place = folder; ; place = path.dirname(place)) {
    try {
      await access(path.join(place, ".git"));
      return true;
    } catch {
      if (place === path.dirname(place)) {
        return false;
      }
    }
  }
}
