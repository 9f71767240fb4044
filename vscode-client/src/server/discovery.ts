/** Where the server's program may be, in the order that docs/vscode.md documents. Knows nothing of VS Code. */

import * as path from "node:path";

export type Source = "setting" | "python" | "virtual environment" | "PATH" | "private environment";

export interface Candidate {
  source: Source;
  program: string;
}

/** What the search depends on. Paths are absolute but for the setting's, which a person wrote. */
export interface Surroundings {
  /** `codewm.server.path`; empty where it is not set. */
  setting: string;
  /** Whether the workspace is trusted; one that is not has no say in what is run. */
  trusted: boolean;
  folders: readonly string[];
  /** The interpreter that the Python extension has selected, or `python.defaultInterpreterPath` without it. */
  interpreter: string | undefined;
  /** The entries of PATH. */
  path: readonly string[];
  /** The folder of our own environment, made or not. */
  privateEnvironment: string;
  home: string;
  platform: NodeJS.Platform;
}

/** The places to look at, best first. A setting is meant: where it is set nothing else is looked at. */
export function candidates(around: Surroundings): Candidate[] {
  const { setting } = around;
  const all: Candidate[] = setting === "" ? unnamed(around) : [{ source: "setting", program: expand(setting, around) }];
  return all.filter(({ program }) => path.isAbsolute(program));
}

/** The first candidate whose program `isThere`. */
export async function find(
  around: Surroundings,
  isThere: (program: string) => Promise<boolean>,
): Promise<Candidate | undefined> {
  for (const candidate of candidates(around)) {
    if (await isThere(candidate.program)) {
      return candidate;
    }
  }
  return undefined;
}

/** The server's program in a Python environment's folder. */
export function programOf(environment: string, platform: NodeJS.Platform): string {
  return path.join(environment, platform === "win32" ? "Scripts" : "bin", program(platform));
}

function unnamed(around: Surroundings): Candidate[] {
  const found: Candidate[] = [];
  if (around.trusted) {
    if (around.interpreter !== undefined) {
      const folder = path.dirname(expand(around.interpreter, around));
      found.push({ source: "python", program: path.join(folder, program(around.platform)) });
    }
    for (const folder of around.folders) {
      const environment = path.join(folder, ".venv");
      found.push({ source: "virtual environment", program: programOf(environment, around.platform) });
    }
  }
  for (const entry of around.path) {
    if (path.isAbsolute(entry) && (around.trusted || !liesIn(entry, around.folders))) {
      found.push({ source: "PATH", program: path.join(entry, program(around.platform)) });
    }
  }
  found.push({ source: "private environment", program: programOf(around.privateEnvironment, around.platform) });
  return found;
}

function program(platform: NodeJS.Platform): string {
  return platform === "win32" ? "codewm-lsp.exe" : "codewm-lsp";
}

/** `~` and `${workspaceFolder}` at the start of a path, as people write them in settings. */
function expand(written: string, around: Surroundings): string {
  const folder = around.folders[0];
  if (written.startsWith("~/") || written.startsWith("~\\")) {
    return path.join(around.home, written.slice(2));
  }
  return folder === undefined ? written : written.replace(/^\$\{workspaceFolder\}/, () => folder);
}

function liesIn(entry: string, folders: readonly string[]): boolean {
  return folders.some((folder) => {
    const relative = path.relative(folder, entry);
    return !path.isAbsolute(relative) && relative.split(path.sep)[0] !== "..";
  });
}
