/** What VS Code calls: makes the rooms and connects them. */

import * as vscode from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";
import { registerCommands } from "./commands";
import { doctorDocuments } from "./doctor";
import { documents } from "./documents";
import type { SimilarEditsResult, WorkTree } from "./protocol";
import { Server } from "./server/server";
import { watchInterpreter } from "./server/surroundings";
import { Dismissals } from "./similar/dismiss";
import { Follow } from "./similar/follow";
import { SimilarEditsView } from "./similar/view";
import { Starter } from "./starter";
import { statusBar } from "./status/statusBar";
import { WorkTrees } from "./status/workTrees";

/** For tests, and for other extensions that are content with what is here. */
export interface Api {
  status(): WorkTree[];
  hits(): SimilarEditsResult | undefined;
  client(): LanguageClient | undefined;
}

export function activate(context: vscode.ExtensionContext): Api {
  const log = vscode.window.createOutputChannel("codewm", { log: true });
  const server = new Server(context.globalStorageUri, log);
  const trees = new WorkTrees(server, log);
  const view = new SimilarEditsView();
  const follow = new Follow(server, trees, view, log);
  const starter = new Starter(server);
  const dismissals = new Dismissals(server, () => follow.refresh());
  context.subscriptions.push(
    log,
    server,
    trees,
    view,
    follow,
    starter,
    statusBar(server, trees),
    server.onDidWork(() => vscode.commands.executeCommand("setContext", "codewm.working", server.work.size > 0)),
    trees.onDidChange(() => vscode.commands.executeCommand("setContext", "codewm.indexed", hasIndex(trees))),
    documents(server),
    doctorDocuments(),
    watchInterpreter(() => starter.again()),
    registerCommands({ log, server, trees, view, follow, starter, dismissals, storage: context.globalStorageUri }),
  );
  starter.look();
  return { status: () => trees.all(), hits: () => view.result, client: () => server.client };
}

function hasIndex(trees: WorkTrees): boolean {
  return trees.all().some(({ state }) => state === "ready" || state === "stale");
}
