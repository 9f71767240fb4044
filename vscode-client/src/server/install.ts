/** Installs the server into an environment of our own: asked first, shown while it runs, undone if it fails. */

import { spawn } from "node:child_process";
import { mkdir, rm, stat } from "node:fs/promises";
import * as path from "node:path";
import * as vscode from "vscode";
import { findPython } from "./python";
import type { Server } from "./server";
import { privateEnvironment, surroundings } from "./surroundings";

/** A folder of wheels that holds everything, or one wheel whose dependencies pip fetches. */
interface Source {
  place: string;
  isFolder: boolean;
}

export async function installServer(server: Server, storage: vscode.Uri, log: vscode.LogOutputChannel): Promise<void> {
  await mkdir(storage.fsPath, { recursive: true });
  const python = await findPython(await surroundings(storage), storage.fsPath);
  if (python === undefined) {
    throw new Error("no Python 3.11 or newer with venv was found: neither selected nor on PATH.");
  }
  const source = await chosenSource();
  if (source === undefined) {
    return;
  }
  const environment = privateEnvironment(storage);
  const answer = await vscode.window.showInformationMessage(
    "Install codewm-lsp into a private environment?",
    {
      modal: true,
      detail: [
        `Python ${python.version}: ${python.command}`,
        `From: ${source.place}`,
        `Into: ${environment}`,
        source.isFolder
          ? "Everything comes from that folder; nothing is fetched."
          : "pip fetches what that wheel depends on, from where your machine's pip is set up to.",
        "No other Python environment is changed.",
      ].join("\n"),
    },
    "Install",
  );
  if (answer !== "Install") {
    return;
  }
  await server.stop({ kind: "idle" }); // it may run from the environment that is replaced
  const pip = ["-I", "-m", "pip", "install", "--disable-pip-version-check", "--no-input"];
  const what = source.isFolder ? ["--no-index", "--find-links", source.place, "codewm-lsp"] : [source.place];
  const itsPython = path.join(environment, process.platform === "win32" ? "Scripts/python.exe" : "bin/python");
  const steps: [message: string, command: string, args: string[]][] = [
    ["making the environment", python.command, ["-I", "-m", "venv", "--clear", environment]],
    ["installing", itsPython, [...pip, ...what]],
  ];
  try {
    await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Notification, title: "codewm-lsp", cancellable: true },
      async (progress, token) => {
        for (const [message, command, args] of steps) {
          progress.report({ message });
          await run(command, args, storage.fsPath, log, token);
        }
      },
    );
  } catch (error) {
    await rm(environment, { recursive: true, force: true });
    throw error;
  } finally {
    await server.restart();
  }
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
  cwd: string,
  log: vscode.LogOutputChannel,
  token: vscode.CancellationToken,
): Promise<void> {
  return new Promise((resolve, reject) => {
    log.info(`${command} ${args.join(" ")}`);
    const child = spawn(command, args, { cwd, stdio: ["ignore", "pipe", "pipe"] });
    child.stdout.on("data", (data: Buffer) => log.info(data.toString().trimEnd()));
    child.stderr.on("data", (data: Buffer) => log.warn(data.toString().trimEnd()));
    const cancelling = token.onCancellationRequested(() => child.kill());
    child.on("error", reject);
    child.on("close", (code) => {
      cancelling.dispose();
      if (token.isCancellationRequested) {
        reject(new Error("the installation was cancelled, and what there was of it removed."));
      } else if (code !== 0) {
        reject(new Error("the installation failed, and what there was of it was removed; the log says why."));
      } else {
        resolve();
      }
    });
  });
}
