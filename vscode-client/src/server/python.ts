/** A Python that can make the private environment. */

import { execFile } from "node:child_process";
import * as path from "node:path";
import { promisify } from "node:util";
import type { Surroundings } from "./discovery";

export interface Python {
  command: string;
  version: string;
}

const run = promisify(execFile);
const OLDEST = [3, 11] as const;
const NAMES = ["python3.14", "python3.13", "python3.12", "python3.11", "python3", "python"];
// Isolated, and away from the workspace: nothing that lies in either is imported.
const PROBE = ["-I", "-c", "import ensurepip, sys, venv; print('%d.%d.%d' % sys.version_info[:3])"];

/** The Pythons that are new enough and can make environments, in turn: the selected one, then those on PATH. */
export async function* findPythons(around: Surroundings, cwd: string): AsyncGenerator<Python> {
  const selected = around.trusted && around.interpreter !== undefined ? [around.interpreter] : [];
  const extension = around.platform === "win32" ? ".exe" : "";
  const entries = around.path.filter((entry) => path.isAbsolute(entry));
  for (const command of [...selected, ...NAMES.flatMap((name) => entries.map((entry) => path.join(entry, name + extension)))]) {
    const version = await versionOf(command, cwd);
    if (version !== undefined && isNewEnough(version)) {
      yield { command, version };
    }
  }
}

/** Which Pythons the compiled wheels among these files are for, as "3.11"; none if there are no such wheels. */
export function versionsOfWheels(files: readonly string[]): Set<string> {
  const found = files.map((name) => /-cp3(\d+)-cp3\1-[^-]*\.whl$/.exec(name)?.[1]);
  return new Set(found.filter((minor) => minor !== undefined).map((minor) => `3.${minor}`));
}

/** Whether "3.12.1" is a version that codewm-lsp runs on. */
export function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
}

async function versionOf(command: string, cwd: string): Promise<string | undefined> {
  try {
    const { stdout } = await run(command, PROBE, { cwd, timeout: 20_000 });
    return stdout.trim();
  } catch {
    return undefined; // not there, too old to understand, or without venv
  }
}
