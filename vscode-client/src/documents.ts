/** The `codewm:` documents: a file before and after a past edit, and the native diff of both. */

import * as path from "node:path";
import * as vscode from "vscode";
import type { Hit } from "./protocol";
import type { Server } from "./server/server";
import { plain, shortHash } from "./similar/words";

export const SCHEME = "codewm";
const PATIENCE_MS = 15_000;

/** Serves `codewm:/COMMIT/before/PATH` and `codewm:/COMMIT/after/PATH`; while the server restarts, it is waited for. */
export function documents(server: Server): vscode.Disposable {
  return vscode.workspace.registerTextDocumentContentProvider(SCHEME, {
    async provideTextDocumentContent(uri, token) {
      const [, commit = "", side, ...rest] = uri.path.split("/");
      if (side !== "before" && side !== "after") {
        throw new Error(`There is no past edit at ${uri.toString(true)}.`);
      }
      await server.whenRunning(PATIENCE_MS);
      const answer = await server.request("codewm/editContent", { commit, path: rest.join("/"), side }, token);
      if (answer === undefined) {
        throw new Error("The codewm server does not answer.");
      }
      return answer.text;
    },
  });
}

/** The document of one side of a hit. */
export function documentOf(hit: Hit, side: "before" | "after"): vscode.Uri {
  return vscode.Uri.parse(hit[side], true);
}

/** Opens the diff of a past edit, at its lines. */
export async function showDiff(hit: Hit, options: { preserveFocus: boolean }): Promise<void> {
  const [first] = hit.lines;
  const title = `${path.posix.basename(plain(hit.path))} (${shortHash(hit.commit)}: ${plain(hit.subject)})`;
  await vscode.commands.executeCommand("vscode.diff", documentOf(hit, "before"), documentOf(hit, "after"), title, {
    preview: true,
    preserveFocus: options.preserveFocus,
    selection: new vscode.Range(first - 1, 0, first - 1, 0),
  } satisfies vscode.TextDocumentShowOptions);
}
