/** Runs `codewm-lsp doctor` and shows what it prints, ready to be copied into a bug report. */

import { execFile } from "node:child_process";
import * as vscode from "vscode";
import type { Server } from "./server/server";
import type { WorkTrees } from "./status/workTrees";

const SCHEME = "codewm-doctor";
const MOST_MS = 5 * 60_000;

const reports = new Map<string, string>();

/** The documents that hold the reports; they are read-only, and gone with the window. */
export function doctorDocuments(): vscode.Disposable {
  return vscode.workspace.registerTextDocumentContentProvider(SCHEME, {
    provideTextDocumentContent: (uri) => reports.get(uri.path) ?? "",
  });
}

export async function doctor(server: Server, trees: WorkTrees, storage: vscode.Uri): Promise<void> {
  const program = server.found?.program;
  if (program === undefined) {
    throw new Error("there is no server to examine; install it first.");
  }
  const tree = trees.atHand();
  const folder = tree === undefined ? storage.fsPath : vscode.Uri.parse(tree.uri).fsPath;
  const name = `/codewm doctor ${new Date().toLocaleTimeString("en-GB")}.txt`;
  const location = vscode.ProgressLocation.Window;
  const report = await vscode.window.withProgress({ location, title: "codewm: doctor examines the installation" }, () =>
    run(program, ["doctor", folder], storage.fsPath),
  );
  reports.set(name, report);
  await vscode.window.showTextDocument(vscode.Uri.from({ scheme: SCHEME, path: name }), { preview: false });
}

/** All that the program prints, whatever its exit code: doctor's says which problem it found. */
function run(program: string, args: string[], cwd: string): Promise<string> {
  return new Promise((resolve) => {
    execFile(program, args, { cwd, timeout: MOST_MS, env: { ...process.env, NO_COLOR: "1" } }, (error, stdout, stderr) => {
      resolve([stdout, stderr, stdout === "" && error !== null ? error.message : ""].filter(Boolean).join("\n"));
    });
  });
}
