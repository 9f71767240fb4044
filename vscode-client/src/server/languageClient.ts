/** Our LanguageClient: the standard one, without pop-ups, and with the commands and documents left to us. */

import { createInterface } from "node:readline";
import * as vscode from "vscode";
import {
  CloseAction,
  type DynamicFeature,
  ErrorAction,
  ExecuteCommandRequest,
  LanguageClient,
  type LanguageClientOptions,
  RevealOutputChannelOn,
  ShowMessageNotification,
  type StaticFeature,
  TextDocumentContentRequest,
  type ProgressToken,
} from "vscode-languageclient/node";

export interface Listener {
  /** The connection is gone, unasked. */
  closed(): void;
  /** The server has something to say to the person. */
  says(text: string): void;
  /** Work that can be cancelled has begun or ended. */
  works(token: ProgressToken, title: string | undefined): void;
}

/** A client for the server's `program`, not yet started. It is used for one life of the server only. */
export function createClient(
  program: string,
  cwd: string,
  log: vscode.LogOutputChannel,
  trace: vscode.LogOutputChannel,
  listener: Listener,
): LanguageClient {
  const options: LanguageClientOptions = {
    documentSelector: [{ scheme: "file" }],
    outputChannel: log,
    traceOutputChannel: trace,
    revealOutputChannelOn: RevealOutputChannelOn.Never,
    stdioOptions: { stdout: () => undefined, stderr: writeLines },
    initializationFailedHandler: () => false,
    errorHandler: {
      error: (error) => ({ action: ErrorAction.Continue, message: error.message, handled: true }),
      closed: () => {
        listener.closed();
        return { action: CloseAction.DoNotRestart, message: "The server's process has ended.", handled: true };
      },
    },
    middleware: {
      handleWorkDoneProgress: (token, params) => {
        if (params.kind !== "report") {
          listener.works(token, params.kind === "begin" ? params.title : undefined);
        }
      },
    },
  };
  // The server's own folder, and never the workspace: Python would import from there.
  const client = new QuietClient("codewm", "codewm", { command: program, args: ["serve"], options: { cwd } }, options);
  client.registerFeature(STATUS_CAPABILITY);
  client.onNotification(ShowMessageNotification.type, ({ message }) => listener.says(message));
  return client;
}

/** The server's log, each line with the level that it names; left to itself the client takes all of it for errors. */
function writeLines(input: NodeJS.ReadableStream, log: vscode.LogOutputChannel): void {
  createInterface({ input, crlfDelay: Infinity }).on("line", (line) => {
    const [level] = line.split(" ", 1);
    if (level === "ERROR" || level === "CRITICAL") {
      log.error(line);
    } else if (level === "WARNING") {
      log.warn(line);
    } else {
      log.info(line);
    }
  });
}

class QuietClient extends LanguageClient {
  /** The view, the quick pick and the `codewm:` documents outlive the server, so they register themselves. */
  override registerFeature(feature: StaticFeature | DynamicFeature<unknown>): void {
    const method = "registrationType" in feature ? feature.registrationType.method : undefined;
    if (method !== ExecuteCommandRequest.method && method !== TextDocumentContentRequest.method) {
      super.registerFeature(feature);
    }
  }

  /** The log and the status bar are where failures are shown. */
  override error(message: string, data?: unknown): void {
    super.error(message, data, false);
  }
}

const STATUS_CAPABILITY: StaticFeature = {
  fillClientCapabilities: (capabilities) => {
    capabilities.experimental = { ...(capabilities.experimental as object), codewm: { status: true } };
  },
  initialize: () => undefined,
  getState: () => ({ kind: "static" }),
  clear: () => undefined,
};
