/** The commands of the palette and of the menus, each a few lines that call the room which knows how. */

import * as vscode from "vscode";
import { doctor } from "./doctor";
import { showDiff } from "./documents";
import { showPredictedEdits } from "./predicted";
import type { WorkTree } from "./protocol";
import { openSample } from "./sample";
import { installServer } from "./server/install";
import type { Server } from "./server/server";
import { copyHash, meant, openCommit } from "./similar/actions";
import type { Dismissals, What } from "./similar/dismiss";
import type { Follow } from "./similar/follow";
import type { Node } from "./similar/tree";
import type { SimilarEditsView } from "./similar/view";
import type { Starter } from "./starter";
import { showMenu } from "./status/menu";
import { status } from "./status/state";
import type { WorkTrees } from "./status/workTrees";

export interface Rooms {
  log: vscode.LogOutputChannel;
  server: Server;
  trees: WorkTrees;
  view: SimilarEditsView;
  follow: Follow;
  starter: Starter;
  dismissals: Dismissals;
  storage: vscode.Uri;
}

type Handler = (...given: never[]) => unknown;

export function registerCommands(rooms: Rooms): vscode.Disposable {
  const commands = { ...ofTheServer(rooms), ...ofTheView(rooms) };
  return vscode.Disposable.from(
    ...Object.entries(commands).map(([name, handler]) =>
      vscode.commands.registerCommand(name, async (...given: never[]) => {
        try {
          return await handler(...given);
        } catch (error) {
          const message = error instanceof Error ? error.message : String(error);
          rooms.log.error(`${name}: ${message}`);
          return void vscode.window.setStatusBarMessage(`codewm: ${message}`, 8_000);
        }
      }),
    ),
  );
}

function ofTheServer({ log, server, trees, view, storage }: Rooms): Record<string, Handler> {
  const index = async (rebuild: boolean): Promise<void> => {
    const tree = await pickTree(server, trees, rebuild ? "Rebuild the index of" : "Index");
    if (tree !== undefined) {
      await trees.index(tree, rebuild);
    }
  };
  return {
    "codewm.menu": () => showMenu(server, trees),
    "codewm.index": () => index(false),
    "codewm.rebuild": () => index(true),
    "codewm.cancelIndexing": () => server.cancelWork(),
    "codewm.restart": () => server.restart(),
    "codewm.showLog": () => log.show(),
    "codewm.doctor": () => doctor(server, trees, storage),
    "codewm.installServer": () => installServer(server, storage, log),
    "codewm.sample": () => openSample(server, view, storage),
    "codewm.walkthrough": () =>
      vscode.commands.executeCommand("workbench.action.openWalkthrough", "codewm.codewm-lsp#codewm.start", false),
    "codewm.settings": () => vscode.commands.executeCommand("workbench.action.openSettings", "@ext:codewm.codewm-lsp"),
    "codewm.toggle": async () => {
      const settings = vscode.workspace.getConfiguration("codewm");
      const { Global, Workspace } = vscode.ConfigurationTarget;
      const target = vscode.workspace.workspaceFolders === undefined ? Global : Workspace;
      await settings.update("enable", !settings.get<boolean>("enable", true), target);
    },
  };
}

function ofTheView({ server, view, follow, dismissals, trees }: Rooms): Record<string, Handler> {
  const withNode = (action: (node: Node) => unknown) => async (given?: Node) => {
    const node = await meant(view, given);
    return node && action(node);
  };
  const dismiss = (what: What) =>
    withNode((node) => view.document && dismissals.dismiss(what, node.hit, view.document));
  const siblings = (): readonly Node[] => view.hunks();
  return {
    "codewm.showSimilarEdits": async (uri?: string, line?: number, _version?: number | null, last?: number | null) => {
      if (uri !== undefined && line !== undefined) {
        const start = { line, character: 0 };
        const place = last === undefined || last === null ? { position: start } : { range: { start, end: { line: last, character: 0 } } };
        await follow.askFor(vscode.Uri.parse(uri), place);
      }
      await view.focus();
    },
    "codewm.showPredictedEdits": (uri?: string, line?: number) => {
      const editor = vscode.window.activeTextEditor;
      if (uri !== undefined && line !== undefined) {
        return showPredictedEdits(server, vscode.Uri.parse(uri), line);
      }
      if (editor?.document.uri.scheme !== "file") {
        throw new Error("put the cursor into a file first.");
      }
      return showPredictedEdits(server, editor.document.uri, editor.selection.active.line);
    },
    "codewm.openDiff": withNode((node) => showDiff(node.hit, { preserveFocus: true })),
    "codewm.copyHash": withNode((node) => copyHash(node.hit)),
    "codewm.openCommit": withNode((node) => openCommit(node.hit, view.document, siblings().map((hunk) => hunk.hit))),
    "codewm.onlyThisFile": withNode((node) => (view.filter = { path: node.hit.path })),
    "codewm.onlyThisAuthor": withNode((node) => (view.filter = { author: node.hit.author })),
    "codewm.clearFilter": () => (view.filter = undefined),
    "codewm.dismissHit": dismiss("hit"),
    "codewm.dismissCommit": dismiss("commit"),
    "codewm.dismissPath": dismiss("path"),
    "codewm.dismissAuthor": dismiss("author"),
    "codewm.undoDismiss": () => dismissals.undo(),
    "codewm.dismissed": async () => {
      const tree = await pickTree(server, trees, "Past edits that are hidden in");
      return tree && dismissals.pick(vscode.Uri.parse(tree.uri));
    },
  };
}

/** The work tree of the active file, or one that is picked where there are several. */
async function pickTree(server: Server, trees: WorkTrees, question: string): Promise<WorkTree | undefined> {
  const active = vscode.window.activeTextEditor?.document.uri;
  const all = trees.all();
  const only = (active && trees.of(active)) ?? (all.length === 1 ? all[0] : undefined);
  if (only !== undefined) {
    return only;
  }
  if (all.length === 0) {
    throw new Error(status(server.state, undefined).sentence);
  }
  const items = all.map((tree) => ({ label: tree.name, description: vscode.Uri.parse(tree.uri).fsPath, tree }));
  return (await vscode.window.showQuickPick(items, { title: `codewm: ${question} …` }))?.tree;
}
