/** What the status bar says, from the state of the server and of the work tree at hand. Knows nothing of VS Code. */

import type { WorkTree } from "../protocol";
import type { ServerState } from "../server/server";

/** `busy` are the moments in between: the server starts, or comes back. */
export type Shown = "none" | "indexing" | "ready" | "stale" | "off" | "error" | "missing" | "busy" | "idle";

export interface Status {
  shown: Shown;
  /** After the icon. */
  text: string;
  icon: string;
  /** A sentence for the tooltip and for a screen reader. */
  sentence: string;
}

/** The state that is shown; `tree` is the work tree at hand, where there is one. */
export function status(server: ServerState, tree: WorkTree | undefined): Status {
  switch (server.kind) {
    case "off":
      return say("off", "off", "circle-slash", "codewm is turned off here.");
    case "missing":
      return say("missing", "not installed", "warning", server.message);
    case "failed":
      return say("error", "error", "error", server.message);
    case "starting":
      return say("busy", "starting", "loading~spin", "The server is starting.");
    case "restarting":
      return say("busy", "restarting", "loading~spin", "The server had ended and is started again.");
    case "idle":
      return say("idle", "", "history", "No folder or file of a Git work tree is open.");
    case "running":
      return tree === undefined
        ? say("idle", "", "history", "No file of a Git work tree is open.")
        : ofTree(tree);
  }
}

/** How far an indexing run is: "120/600", or "120" while nobody knows of how many. */
export function progress(tree: WorkTree): string {
  return [tree.commits, tree.commitsTotal].filter((count) => count !== null).join("/");
}

function ofTree(tree: WorkTree): Status {
  switch (tree.state) {
    case "none":
      return say("none", "not indexed", "circle-large-outline", `${tree.name} has no index of its past edits yet.`);
    case "indexing":
      return say("indexing", `indexing ${progress(tree)}`.trimEnd(), "sync~spin", `${tree.name}: ${progress(tree).replace("/", " of ")} commits indexed.`);
    case "ready":
      return say("ready", "", "history", `${tree.name}: ${size(tree)}, up to date.`);
    case "stale":
      return say("stale", "behind", "history", `${tree.name}: ${size(tree)}; newer commits are not indexed.`);
    case "error":
      return say("error", "error", "error", `${tree.name}: ${tree.message ?? "the index cannot be used."}`);
  }
}

function size(tree: WorkTree): string {
  return tree.edits === null ? "indexed" : `${tree.edits.toLocaleString("en")} past edits indexed`;
}

function say(shown: Shown, text: string, icon: string, sentence: string): Status {
  return { shown, text: text === "" ? "codewm" : `codewm: ${text}`, icon, sentence };
}
