// The change that every test makes, and how it waits.
'use strict'

const assert = require('node:assert')
const { readFileSync } = require('node:fs')
const vscode = require('vscode')

exports.BEST = 'Carts: a timeout for each request'
const BEFORE = 'session.get(url)'
const AFTER = 'session.get(url, timeout=20)'

/** What the extension exports, once it is active and the index is ready. */
exports.api = async () => {
  const api = await vscode.extensions.getExtension('codewm.codewm-lsp').activate()
  await exports.until(() => api.client() && api.status().some(({ state }) => state === 'ready'))
  return api
}

/** The file where the change is due, in an editor, as git has it. */
exports.orders = async () => {
  const [file] = await vscode.workspace.findFiles('services/orders.py')
  const editor = await vscode.window.showTextDocument(file)
  const stored = readFileSync(file.fsPath, 'utf8')
  if (editor.document.getText() !== stored) {
    // Not by reverting the file: its text would come back a moment later, perhaps after the next change.
    const everything = new vscode.Range(0, 0, editor.document.lineCount, 0)
    assert(await editor.edit((edit) => edit.replace(everything, stored)))
  }
  return editor
}

/** The same with the change made, not saved; and where it is. */
exports.changedOrders = async () => {
  const editor = await exports.orders()
  const start = editor.document.positionAt(editor.document.getText().indexOf(BEFORE))
  const range = new vscode.Range(start, start.translate(0, BEFORE.length))
  assert(await editor.edit((edit) => edit.replace(range, AFTER)))
  editor.selection = new vscode.Selection(start, start)
  return { editor, start }
}

/** The texts of the hovers at a place. */
exports.hovers = async (document, position) => {
  const found = await vscode.commands.executeCommand('vscode.executeHoverProvider', document.uri, position)
  return found.flatMap(({ contents }) => contents.map((text) => text.value)).join('\n')
}

/** The first answer that is true; asked for half a minute. */
exports.until = async (ask) => {
  for (let tries = 0; tries < 300; tries++) {
    const found = await ask()
    if (found) return found
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`never true: ${ask}`)
}
