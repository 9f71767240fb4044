/** "Predicted edits": what is usually done next to code like that at the cursor, with a look at the past edits. */

import * as vscode from "vscode";
import { SCHEME, showDiff } from "./documents";
import type { Hit, PredictEditsResult, Prediction } from "./protocol";
import { pickable } from "./quickPick";
import type { Server } from "./server/server";
import { age, plain, similarityWords } from "./similar/words";

const WHY_NOTHING: Record<PredictEditsResult["status"], string> = {
  ok: "nothing is usually done to code like that.",
  "no-index": "this repository has no index yet.",
  "no-model": "the model is missing; the log says more.",
  stale: "the text was changed meanwhile; ask again.",
  "too-large": "this file is too large.",
  unsupported: "edits are predicted in Python files of a Git repository only.",
};

interface Item extends vscode.QuickPickItem {
  edits: Hit[];
}

/** Asks about a place and lets the person look at the answers; the diffs of the focused one are shown behind the list. */
export async function showPredictedEdits(server: Server, uri: vscode.Uri, line: number): Promise<void> {
  const position = { line, character: 0 };
  const answer = await server.request("codewm/predictEdits", { textDocument: { uri: uri.toString() }, position });
  if (answer === undefined) {
    throw new Error("the server does not answer.");
  }
  if (answer.predictions.length === 0) {
    throw new Error(WHY_NOTHING[answer.status]);
  }
  const place = answer.region?.symbol ?? "";
  await choose(
    place === "" ? "codewm: predicted edits" : `codewm: predicted edits of ${plain(place)}`,
    answer.predictions.map(itemOf),
  );
}

function itemOf(prediction: Prediction): Item {
  const [first] = prediction.edits;
  const share = `${Math.round(prediction.score * 100)} %`;
  const detail =
    first === undefined
      ? "No past edit of this repository shows it."
      : `${plain(first.subject)} · ${plain(first.author)}, ${age(first.date, new Date())}${more(prediction.edits.length)}`;
  return { ...pickable(plain(prediction.label), `${share} likely`, detail), edits: prediction.edits };
}

function more(count: number): string {
  return count > 1 ? ` · and ${count - 1} more` : "";
}

function editItem(hit: Hit): Item {
  const what = `${plain(hit.author)}, ${age(hit.date, new Date())} · ${similarityWords(hit.similarity)}`;
  return { ...pickable(plain(hit.subject), what, `${plain(hit.path)}: ${plain(hit.action)}`), edits: [hit] };
}

/** Shows the list. An item with several past edits leads to a list of these; one with a single past edit stays open. */
async function choose(title: string, items: Item[], origin = vscode.window.activeTextEditor): Promise<void> {
  const picked = await pick(title, items);
  if (picked === undefined || picked.edits.length === 0) {
    await goBack(origin);
  } else if (picked.edits.length > 1) {
    await choose(`${title} › ${picked.label}`, picked.edits.map(editItem), origin);
  } else {
    await vscode.commands.executeCommand("workbench.action.focusActiveEditorGroup");
  }
}

/** A quick pick that shows the first past edit of the item that has the focus. */
function pick(title: string, items: Item[]): Promise<Item | undefined> {
  const list = vscode.window.createQuickPick<Item>();
  list.title = title;
  list.placeholder = "The past edit that shows it is opened behind this list";
  list.matchOnDescription = true;
  list.matchOnDetail = true;
  list.items = items;
  list.onDidChangeActive(([item]) => {
    const first = item?.edits[0];
    if (first !== undefined) {
      void showDiff(first, { preserveFocus: true });
    }
  });
  return new Promise((resolve) => {
    list.onDidAccept(() => {
      resolve(list.selectedItems[0]);
      list.dispose();
    });
    list.onDidHide(() => {
      resolve(undefined); // which is nothing new after an accept
      list.dispose();
    });
    list.show();
  });
}

/** Closes the diff that was only looked at, and gives the focus back to where the person was. */
async function goBack(origin: vscode.TextEditor | undefined): Promise<void> {
  const tab = vscode.window.tabGroups.activeTabGroup.activeTab;
  if (tab?.isPreview === true && tab.input instanceof vscode.TabInputTextDiff && tab.input.modified.scheme === SCHEME) {
    await vscode.window.tabGroups.close(tab);
  }
  if (origin !== undefined) {
    const { document, viewColumn, selection } = origin;
    await vscode.window.showTextDocument(document, { selection, ...(viewColumn === undefined ? {} : { viewColumn }) });
  }
}
