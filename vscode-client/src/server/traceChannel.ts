/** The log as vscode-languageclient traces into it: on by `codewm.trace.server`, not by the channel's level. */

import * as vscode from "vscode";

/**
 * The client traces only where its channel's level is "trace". This one claims that level while the setting says
 * `messages` or `verbose`, and writes what it gets as plain information.
 */
export function traceChannel(log: vscode.LogOutputChannel, subscriptions: vscode.Disposable[]): vscode.LogOutputChannel {
  const changed = new vscode.EventEmitter<vscode.LogLevel>();
  const level = (): vscode.LogLevel => (isOn() ? vscode.LogLevel.Trace : log.logLevel);
  subscriptions.push(
    changed,
    log.onDidChangeLogLevel(() => changed.fire(level())),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration("codewm.trace.server")) {
        changed.fire(level());
      }
    }),
  );
  return new Proxy(log, {
    get(target, name): unknown {
      if (name === "logLevel") {
        return level();
      }
      if (name === "onDidChangeLogLevel") {
        return changed.event;
      }
      if (name === "trace") {
        return (message: string) => (isOn() ? target.info(message) : target.trace(message));
      }
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

function isOn(): boolean {
  return vscode.workspace.getConfiguration("codewm").get<string>("trace.server", "off") !== "off";
}
