/** The walkthrough's sample: a small repository of our own, with an edit under way that its history has seen before. */

import { execFile } from "node:child_process";
import { mkdir, rm, writeFile } from "node:fs/promises";
import * as path from "node:path";
import { promisify } from "node:util";
import * as vscode from "vscode";
import type { Server } from "./server/server";
import type { SimilarEditsView } from "./similar/view";

const git = promisify(execFile);
const PATIENCE_MS = 30_000;

const FETCHES = ["users", "orders", "invoices"] as const;
const HEAD = '"""A client of a shop."""\n\nimport http\n';

/** One commit each: the client, and then a timeout for one request after the other, but not for the last. */
const HISTORY = [
  { subject: "A client with three requests", withTimeout: 0 },
  { subject: "Fetching users gives up after a while", withTimeout: 1 },
  { subject: "Fetching orders gives up after a while", withTimeout: 2 },
];

/** Makes the sample repository, opens its file, makes an edit in the editor (not on disk), and shows what is like it. */
export async function openSample(server: Server, view: SimilarEditsView, storage: vscode.Uri): Promise<void> {
  if (server.state.kind === "off") {
    throw new Error("turn codewm on first.");
  }
  const folder = path.join(storage.fsPath, "sample");
  const file = path.join(folder, "client.py");
  await makeRepository(folder, file);
  const uri = vscode.Uri.file(file);
  const document = await vscode.workspace.openTextDocument(uri);
  const editor = await vscode.window.showTextDocument(document, { preview: false });
  await server.start();
  if (!(await server.whenRunning(PATIENCE_MS))) {
    throw new Error("the server that finds past edits does not run; the status bar says why.");
  }
  const whole = new vscode.Range(0, 0, document.lineCount, 0);
  await editor.edit((edit) => edit.replace(whole, program(FETCHES.length)));
  const line = document.getText().split("\n").findIndex((text) => text.startsWith(`def fetch_${FETCHES[2]}`));
  editor.selection = new vscode.Selection(line, 0, line, 0);
  editor.revealRange(editor.selection, vscode.TextEditorRevealType.InCenter);
  await view.focus();
  await server.request("codewm/index", { textDocument: { uri: uri.toString() } });
}

async function makeRepository(folder: string, file: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const person = { name: "A. Sample", email: "sample@localhost" };
  // Nothing of the person's own configuration, hooks and signing keys above all, has a say in this.
  const env = {
    PATH: process.env["PATH"],
    SystemRoot: process.env["SystemRoot"],
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: process.platform === "win32" ? "NUL" : "/dev/null",
    GIT_TEMPLATE_DIR: "",
    GIT_AUTHOR_NAME: person.name,
    GIT_AUTHOR_EMAIL: person.email,
    GIT_COMMITTER_NAME: person.name,
    GIT_COMMITTER_EMAIL: person.email,
  };
  const run = (...args: string[]): Promise<unknown> => git("git", args, { cwd: folder, env });
  await run("init", "--quiet");
  for (const { subject, withTimeout } of HISTORY) {
    await writeFile(file, program(withTimeout));
    await run("add", "client.py");
    await run("commit", "--quiet", "-m", subject);
  }
}

/** The client's text, with a timeout for the first `withTimeout` requests. */
function program(withTimeout: number): string {
  const functions = FETCHES.map((name, place) =>
    place < withTimeout
      ? `def fetch_${name}(session, since, timeout=30):\n    """All ${name} since then."""\n    answer = session.get("/${name}", since=since, timeout=timeout)\n    return http.checked(answer)\n`
      : `def fetch_${name}(session, since):\n    """All ${name} since then."""\n    answer = session.get("/${name}", since=since)\n    return http.checked(answer)\n`,
  );
  return [HEAD, ...functions].join("\n\n");
}
