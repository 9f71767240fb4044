/** Installs the server into an environment of our own: asked first, shown while it runs, undone if it fails. */

import { spawn } from "node:child_process";
import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { devNull } from "node:os";
import * as path from "node:path";
import * as vscode from "vscode";
import { findPythons, type Python, versionsOfWheels } from "./python";
import type { Server, ServerState } from "./server";
import { privateEnvironment, surroundings } from "./surroundings";

/** A folder of wheels that holds everything, or one wheel whose dependencies pip fetches. */
interface Source {
  place: string;
  isFolder: boolean;
}

const INSTALLING: ServerState & { message: string } = { kind: "missing", message: "codewm-lsp is being installed." };

export async function installServer(server: Server, storage: vscode.Uri, log: vscode.LogOutputChannel): Promise<void> {
  if (server.state === INSTALLING) {
    throw new Error(INSTALLING.message);
  }
  await mkdir(storage.fsPath, { recursive: true });
  const source = await chosenSource();
  const python = source && (await pythonFor(source, storage));
  const environment = privateEnvironment(storage);
  if (source === undefined || python === undefined || !(await isWanted(source, python, environment))) {
    return;
  }
  // It may run from the environment that is replaced, and must not be started from one that is half made.
  await server.stop(INSTALLING);
  try {
    await make(environment, source, python, storage, log);
  } catch (error) {
    await rm(environment, { recursive: true, force: true });
    log.error(String(error));
    if (!(error instanceof vscode.CancellationError)) {
      void tellFailure(log);
    }
  } finally {
    await server.restart();
  }
}

async function isWanted(source: Source, python: Python, environment: string): Promise<boolean> {
  const detail = [
    `Python ${python.version}: ${python.command}`,
    `From: ${source.place}`,
    `Into: ${environment}`,
    source.isFolder
      ? "Everything comes from that folder; nothing is fetched."
      : "pip fetches what that wheel depends on, from where your machine's pip is set up to.",
    "No other Python environment is changed.",
  ].join("\n");
  const question = "Install codewm-lsp into a private environment?";
  return (await vscode.window.showInformationMessage(question, { modal: true, detail }, "Install")) === "Install";
}

async function make(
  environment: string,
  source: Source,
  python: Python,
  storage: vscode.Uri,
  log: vscode.LogOutputChannel,
): Promise<void> {
  const pip = ["-I", "-m", "pip", "install", "--disable-pip-version-check", "--no-input"];
  const what = source.isFolder ? ["--no-index", "--find-links", source.place, "codewm-lsp"] : [source.place];
  const itsPython = path.join(environment, process.platform === "win32" ? "Scripts/python.exe" : "bin/python");
  const steps: [message: string, command: string, args: string[]][] = [
    ["making the environment", python.command, ["-I", "-m", "venv", "--clear", environment]],
    ["installing", itsPython, [...pip, ...what]],
  ];
  const where = { cwd: storage.fsPath, env: environmentOf(source) };
  await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: "codewm-lsp", cancellable: true },
    async (progress, token) => {
      for (const [message, command, args] of steps) {
        progress.report({ message });
        await run(command, args, where, log, token);
      }
    },
  );
}

/** A notification, for the person has asked for this, waited for it, and may be elsewhere by now. */
async function tellFailure(log: vscode.LogOutputChannel): Promise<void> {
  const message = "codewm-lsp could not be installed, and what there was of it is removed.";
  if ((await vscode.window.showErrorMessage(message, "Show the Log")) !== undefined) {
    log.show();
  }
}

/** A Python that the wheels of the source are for. */
async function pythonFor(source: Source, storage: vscode.Uri): Promise<Python> {
  const versions = versionsOfWheels(source.isFolder ? await readdir(source.place) : []);
  for await (const python of findPythons(await surroundings(storage), storage.fsPath)) {
    if (versions.size === 0 || versions.has(python.version.split(".").slice(0, 2).join("."))) {
      return python;
    }
  }
  const wanted = versions.size === 0 ? "3.11 or newer" : `${[...versions].join(" or ")}, which the wheels in that folder are for,`;
  throw new Error(`no Python ${wanted} with venv was found: neither selected nor on PATH.`);
}

/** Where everything comes from a folder, pip is told by nobody else to look anywhere else. */
function environmentOf(source: Source): NodeJS.ProcessEnv {
  if (!source.isFolder) {
    return process.env;
  }
  const others = Object.entries(process.env).filter(([name]) => !name.toUpperCase().startsWith("PIP_"));
  return { ...Object.fromEntries(others), PIP_CONFIG_FILE: devNull };
}

async function chosenSource(): Promise<Source | undefined> {
  const set = vscode.workspace.getConfiguration("codewm").get<string>("server.wheelhouse", "").trim();
  const place = set === "" ? await ask() : set;
  if (place === undefined) {
    return undefined;
  }
  try {
    return { place, isFolder: (await stat(place)).isDirectory() };
  } catch {
    throw new Error(`there is no folder or wheel at ${place}.`);
  }
}

async function ask(): Promise<string | undefined> {
  const folder = { label: "$(folder) A folder of wheels…", description: "holds everything; nothing is fetched", isFolder: true };
  const wheel = { label: "$(file) A wheel of codewm-lsp…", description: "pip fetches what it depends on", isFolder: false };
  const picked = await vscode.window.showQuickPick([folder, wheel], { title: "codewm: install the server from" });
  if (picked === undefined) {
    return undefined;
  }
  const chosen = await vscode.window.showOpenDialog({
    canSelectFiles: !picked.isFolder,
    canSelectFolders: picked.isFolder,
    openLabel: "Install from Here",
    ...(picked.isFolder ? {} : { filters: { wheels: ["whl"] } }),
  });
  return chosen?.[0]?.fsPath;
}

/** Runs a program with its output in the log. Rejects if it fails, or is cancelled and with that ended. */
function run(
  command: string,
  args: string[],
  where: { cwd: string; env: NodeJS.ProcessEnv },
  log: vscode.LogOutputChannel,
  token: vscode.CancellationToken,
): Promise<void> {
  return new Promise((resolve, reject) => {
    log.info(`${command} ${args.join(" ")}`);
    const child = spawn(command, args, { ...where, stdio: ["ignore", "pipe", "pipe"] });
    child.stdout.on("data", (data: Buffer) => log.info(data.toString().trimEnd()));
    child.stderr.on("data", (data: Buffer) => log.warn(data.toString().trimEnd()));
    const cancelling = token.onCancellationRequested(() => child.kill());
    child.on("error", reject);
    child.on("close", (code) => {
      cancelling.dispose();
      if (token.isCancellationRequested) {
        reject(new vscode.CancellationError());
      } else if (code !== 0) {
        reject(new Error(`${command} ended with ${code ?? "a signal"}`));
      } else {
        resolve();
      }
    });
  });
}
