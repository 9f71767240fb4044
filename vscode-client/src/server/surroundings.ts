/** Asks VS Code, the Python extension and the system what `discovery` needs to know. */

import { access, constants } from "node:fs/promises";
import { homedir } from "node:os";
import * as path from "node:path";
import * as vscode from "vscode";
import type { Surroundings } from "./discovery";

/** The little that we use of the Python extension's exports; all of it may be missing in another version. */
interface PythonExtension {
  environments?: {
    getActiveEnvironmentPath?(resource?: vscode.Uri): { path: string };
    resolveEnvironment?(environment: { path: string }): Promise<{ executable: { uri?: vscode.Uri } } | undefined>;
    onDidChangeActiveEnvironmentPath?: vscode.Event<unknown>;
  };
}

const PYTHON_EXTENSION = "ms-python.python";

export async function surroundings(storage: vscode.Uri): Promise<Surroundings> {
  return {
    setting: vscode.workspace.getConfiguration("codewm").get<string>("server.path", "").trim(),
    trusted: vscode.workspace.isTrusted,
    folders: localFolders(),
    interpreter: vscode.workspace.isTrusted ? await interpreter() : undefined,
    path: (process.env["PATH"] ?? "").split(path.delimiter),
    privateEnvironment: privateEnvironment(storage),
    home: homedir(),
    platform: process.platform,
  };
}

/** The folder of our own environment, in the extension's storage. */
export function privateEnvironment(storage: vscode.Uri): string {
  return path.join(storage.fsPath, "server");
}

export function localFolders(): string[] {
  const folders = vscode.workspace.workspaceFolders ?? [];
  return folders.filter((folder) => folder.uri.scheme === "file").map((folder) => folder.uri.fsPath);
}

export async function isProgram(file: string): Promise<boolean> {
  try {
    await access(file, process.platform === "win32" ? constants.F_OK : constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Calls `changed` when another Python environment is selected. */
export function watchInterpreter(changed: () => void): vscode.Disposable {
  const subscriptions: vscode.Disposable[] = [];
  const watch = ({ environments }: PythonExtension): void => {
    const watching = environments?.onDidChangeActiveEnvironmentPath?.(changed);
    if (watching !== undefined) {
      subscriptions.push(watching);
    }
  };
  vscode.extensions.getExtension<PythonExtension>(PYTHON_EXTENSION)?.activate().then(watch, () => undefined);
  return new vscode.Disposable(() => {
    vscode.Disposable.from(...subscriptions).dispose();
  });
}

async function interpreter(): Promise<string | undefined> {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const extension = vscode.extensions.getExtension<PythonExtension>(PYTHON_EXTENSION);
  if (extension !== undefined) {
    try {
      const { environments } = await extension.activate();
      const selected = environments?.getActiveEnvironmentPath?.(folder);
      const environment = selected && (await environments?.resolveEnvironment?.(selected));
      return environment?.executable.uri?.fsPath;
    } catch {
      return undefined; // its trouble is its own to report
    }
  }
  const written = vscode.workspace.getConfiguration("python", folder).get<string>("defaultInterpreterPath", "");
  // Its default is the bare word "python", which PATH answers as well as we would.
  return /[\\/]/.test(written) ? written : undefined;
}
