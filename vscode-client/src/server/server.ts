/** The server's life: found, started, started again when it ends unasked, given up, stopped. */

import { mkdir } from "node:fs/promises";
import * as vscode from "vscode";
import {
  LSPErrorCodes,
  type LanguageClient,
  type ProgressToken,
  ResponseError,
  State,
  WorkDoneProgressCancelNotification,
} from "vscode-languageclient/node";
import type { Notifications, Requests } from "../protocol";
import { CrashPolicy } from "./crashPolicy";
import { type Candidate, candidates, find } from "./discovery";
import { createClient } from "./languageClient";
import { isProgram, surroundings } from "./surroundings";
import { traceChannel } from "./traceChannel";

export type ServerState =
  | { kind: "idle" }
  | { kind: "off" }
  | { kind: "missing"; message: string }
  | { kind: "starting" }
  | { kind: "running" }
  | { kind: "restarting" }
  | { kind: "failed"; message: string };

const SECONDS_OF_A_MESSAGE = 6;

export class Server implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<ServerState>();
  private readonly worked = new vscode.EventEmitter<void>();
  private readonly told = new vscode.EventEmitter<Notifications["codewm/statusChanged"]>();
  private readonly subscriptions: vscode.Disposable[] = [this.changed, this.worked, this.told];
  private readonly trace: vscode.LogOutputChannel;
  private readonly policy = new CrashPolicy();
  private current: ServerState = { kind: "idle" };
  private running: LanguageClient | undefined;
  private readySince: number | undefined;
  private pause: NodeJS.Timeout | undefined;
  private message: vscode.Disposable | undefined;
  private queue: Promise<void> = Promise.resolve();

  /** Fires with every new state. */
  readonly onDidChangeState = this.changed.event;
  /** Fires with every `codewm/statusChanged`. */
  readonly onDidChangeStatus = this.told.event;
  /** Fires when cancellable work begins or ends. */
  readonly onDidWork = this.worked.event;
  /** The cancellable work that is under way, by its token, and what it calls itself. */
  readonly work = new Map<ProgressToken, string>();
  /** The program that was found last. */
  found: Candidate | undefined;

  constructor(
    private readonly storage: vscode.Uri,
    private readonly log: vscode.LogOutputChannel,
  ) {
    this.trace = traceChannel(log, this.subscriptions);
  }

  get state(): ServerState {
    return this.current;
  }

  /** The client of a server that answers; undefined while there is none. */
  get client(): LanguageClient | undefined {
    return this.current.kind === "running" ? this.running : undefined;
  }

  /** Starts the server if it is not there; forgets earlier failures. */
  start(): Promise<void> {
    return this.next(async () => {
      if (this.current.kind !== "running") {
        this.policy.reset();
        await this.launch("starting");
      }
    });
  }

  /** Looks for the program anew and starts it. */
  restart(): Promise<void> {
    return this.next(async () => {
      this.policy.reset();
      await this.end();
      await this.launch("starting");
    });
  }

  /** Starts the server anew if it would now be found somewhere else. */
  lookAgain(): Promise<void> {
    return this.next(async () => {
      const found = await find(await surroundings(this.storage), isProgram);
      if (found?.program !== this.found?.program) {
        this.policy.reset();
        await this.end();
        await this.launch("starting");
      }
    });
  }

  /** Stops the server and stays in `state`. */
  stop(state: ServerState): Promise<void> {
    return this.next(async () => {
      await this.end();
      this.become(state);
    });
  }

  /**
   * The server's answer, or undefined where none came: no server, or it ended, or the question was cancelled.
   *
   * Throws the server's own errors.
   */
  async request<M extends keyof Requests>(
    method: M,
    params: Requests[M]["params"],
    token?: vscode.CancellationToken,
  ): Promise<Requests[M]["result"] | undefined> {
    const client = this.client;
    if (client === undefined) {
      return undefined;
    }
    try {
      // A token that is not there would count as a second parameter.
      return token === undefined
        ? await client.sendRequest<Requests[M]["result"]>(method, params)
        : await client.sendRequest<Requests[M]["result"]>(method, params, token);
    } catch (error) {
      const cancelled = error instanceof ResponseError && error.code === LSPErrorCodes.RequestCancelled;
      if (cancelled || client.state !== State.Running) {
        return undefined;
      }
      throw error;
    }
  }

  /** Asks for an end of all work that can be cancelled. */
  async cancelWork(): Promise<void> {
    for (const token of this.work.keys()) {
      await this.client?.sendNotification(WorkDoneProgressCancelNotification.type, { token });
    }
  }

  /** Waits until the server runs, at most `ms` milliseconds; tells whether it does. */
  whenRunning(ms: number): Promise<boolean> {
    if (this.current.kind === "running") {
      return Promise.resolve(true);
    }
    return new Promise((resolve) => {
      const end = (is: boolean): void => {
        clearTimeout(timeout);
        listening.dispose();
        resolve(is);
      };
      const timeout = setTimeout(() => end(false), ms);
      const listening = this.onDidChangeState((state) => state.kind === "running" && end(true));
    });
  }

  dispose(): void {
    void this.stop({ kind: "idle" }).finally(() => {
      vscode.Disposable.from(...this.subscriptions).dispose();
    });
  }

  private next(step: () => Promise<void>): Promise<void> {
    this.queue = this.queue.then(step).catch((error: unknown) => this.log.error(String(error)));
    return this.queue;
  }

  private become(state: ServerState): void {
    this.current = state;
    this.changed.fire(state);
  }

  private async launch(kind: "starting" | "restarting"): Promise<void> {
    this.become({ kind });
    const around = await surroundings(this.storage);
    this.found = await find(around, isProgram);
    if (this.found === undefined) {
      const message = missing(around.setting);
      this.log.warn(`${message} Looked at: ${candidates(around).map(({ program }) => program).join(", ")}.`);
      this.become({ kind: "missing", message });
      return;
    }
    this.log.info(`Starting ${this.found.program} (found by: ${this.found.source}).`);
    await mkdir(this.storage.fsPath, { recursive: true });
    const client = createClient(this.found.program, this.storage.fsPath, this.log, this.trace, {
      closed: () => this.closed(client),
      says: (text) => this.say(text),
      works: (token, title) => this.worksOn(token, title),
    });
    client.onNotification("codewm/statusChanged", (tree: Notifications["codewm/statusChanged"]) => this.told.fire(tree));
    this.running = client;
    this.readySince = undefined;
    try {
      await client.start();
    } catch (error) {
      this.log.error(`The server did not start: ${String(error)}`);
      this.closed(client);
      return;
    }
    if (this.running !== client) {
      return; // it ended between its answer and now
    }
    this.readySince = Date.now();
    this.become({ kind: "running" });
    if (kind === "restarting") {
      this.say("codewm: the server had ended and is back.");
    }
  }

  /** The server ended and nobody asked it to. Called once or twice for the same client; the second finds nothing. */
  private closed(client: LanguageClient): void {
    if (this.running !== client) {
      return;
    }
    this.running = undefined;
    this.forgetWork();
    const lived = this.readySince === undefined ? undefined : Date.now() - this.readySince;
    const decision = this.policy.ended(lived);
    if (!decision.restart) {
      this.become({ kind: "failed", message: "The server ends as soon as it is started; the log says why." });
      return;
    }
    this.become({ kind: "restarting" });
    this.pause = setTimeout(() => void this.next(() => this.comeBack()), decision.pauseMs);
  }

  private async comeBack(): Promise<void> {
    if (this.current.kind === "restarting" && this.running === undefined) {
      await this.launch("restarting");
    }
  }

  private async end(): Promise<void> {
    clearTimeout(this.pause);
    const client = this.running;
    this.running = undefined;
    this.forgetWork();
    try {
      await client?.dispose();
    } catch (error) {
      this.log.warn(`The server did not stop by itself: ${String(error)}`);
    }
  }

  private say(text: string): void {
    this.log.info(text);
    this.message?.dispose(); // one at a time
    this.message = vscode.window.setStatusBarMessage(text, SECONDS_OF_A_MESSAGE * 1000);
  }

  private worksOn(token: ProgressToken, title: string | undefined): void {
    if (title === undefined) {
      this.work.delete(token);
    } else {
      this.work.set(token, title);
    }
    this.worked.fire();
  }

  private forgetWork(): void {
    this.work.clear();
    this.worked.fire();
  }
}

function missing(setting: string): string {
  return setting === ""
    ? "codewm-lsp is not installed where this window can see it."
    : `There is no program at ${setting}, which codewm.server.path names.`;
}
