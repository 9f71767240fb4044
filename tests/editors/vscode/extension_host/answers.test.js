// What the rest of VS Code, and other extensions, get to see of codewm.
'use strict'

const assert = require('node:assert')
const { execFileSync } = require('node:child_process')
const vscode = require('vscode')
const { api, BEST, changedOrders, hovers, orders, until } = require('./shop')

exports['every command that is contributed is registered'] = async () => {
  await api()
  const { packageJSON } = vscode.extensions.getExtension('codewm.codewm-lsp')
  const registered = new Set(await vscode.commands.getCommands(true))
  const missing = packageJSON.contributes.commands.filter(({ command }) => !registered.has(command))
  assert.deepEqual(missing, [])
}

exports['hover tells of the best past edit on the changed line, and of nothing elsewhere'] = async () => {
  await api()
  const { editor, start } = await changedOrders()
  await until(async () => (await hovers(editor.document, start)).includes(BEST))
  assert.equal(await hovers(editor.document, new vscode.Position(0, 0)), '')
}

exports['characters of two code units in front of the change move nothing'] = async () => {
  await api()
  const { editor, start } = await changedOrders()
  await editor.edit((edit) => edit.insert(start.with({ character: 0 }), '    # 𝄞𝄞𝄞 é\n'))
  await editor.edit((edit) => edit.insert(start.translate(1).with({ character: 4 }), '𝄞 = '))
  const text = editor.document.lineAt(start.line + 1).text
  assert.equal(text, '    𝄞 = response = session.get(url, timeout=20)')
  await until(async () => (await hovers(editor.document, start.translate(1))).includes(BEST))
  const actions = await similarActions(editor, start.line + 1)
  assert.equal(actions.length, 1)
  assert.deepEqual(await similarActions(editor, start.line + 6), [])
}

exports['the code action is offered on the changed line, and its command shows its hits'] = async () => {
  const codewm = await api()
  const { editor, start } = await changedOrders()
  const [action] = await until(async () => {
    const actions = await similarActions(editor, start.line)
    return actions.length > 0 && actions
  })
  assert.equal(action.kind.value, 'codewm.similar')
  await vscode.commands.executeCommand(action.command.command, ...action.command.arguments)
  await until(() => codewm.hits()?.edits[0]?.hits[0]?.subject === BEST)
}

exports['the two sides of a past edit are read-only documents with the bytes that git has'] = async () => {
  const codewm = await api()
  const { start } = await changedOrders()
  await vscode.commands.executeCommand('codewm.showSimilarEdits', vscode.window.activeTextEditor.document.uri.toString(), start.line)
  const hit = await until(() => codewm.hits()?.edits[0]?.hits[0])
  const folder = vscode.workspace.workspaceFolders[0].uri.fsPath
  for (const [side, revision] of [['before', `${hit.commit}~`], ['after', hit.commit]]) {
    const document = await vscode.workspace.openTextDocument(vscode.Uri.parse(hit[side]))
    const stored = execFileSync('git', ['-C', folder, 'show', `${revision}:${hit.path}`], { encoding: 'utf8' })
    assert.equal(document.getText(), stored)
    assert.equal(document.languageId, 'python')
    await vscode.window.showTextDocument(document)
    await vscode.commands.executeCommand('type', { text: '#' })
    assert.equal(document.getText(), stored, 'it could be edited')
  }
}

exports['a change that is taken back has no hits any more'] = async () => {
  const codewm = await api()
  const { editor, start } = await changedOrders()
  const uri = editor.document.uri.toString()
  await vscode.commands.executeCommand('codewm.showSimilarEdits', uri, start.line)
  await until(() => codewm.hits()?.status === 'ok')
  await orders()
  await until(() => codewm.hits()?.status !== 'ok')
}

exports['turning the hover off in the settings turns it off at once, and on again'] = async () => {
  await api()
  const { editor, start } = await changedOrders()
  const settings = vscode.workspace.getConfiguration('codewm', editor.document.uri)
  await settings.update('hover', false, vscode.ConfigurationTarget.Workspace)
  await until(async () => (await hovers(editor.document, start)) === '')
  await settings.update('hover', undefined, vscode.ConfigurationTarget.Workspace)
  await until(async () => (await hovers(editor.document, start)).includes(BEST))
}

exports['codewm.enable ends the server and starts it again'] = async () => {
  const codewm = await api()
  const settings = vscode.workspace.getConfiguration('codewm')
  await settings.update('enable', false, vscode.ConfigurationTarget.Global)
  await until(() => codewm.client() === undefined)
  await settings.update('enable', undefined, vscode.ConfigurationTarget.Global)
  await api()
}

exports['a path to a server is no setting that a folder of a workspace can have'] = async () => {
  const { packageJSON } = vscode.extensions.getExtension('codewm.codewm-lsp')
  const sections = [packageJSON.contributes.configuration].flat()
  const path = sections.map(({ properties }) => properties['codewm.server.path']).find(Boolean)
  assert(['machine', 'machine-overridable'].includes(path.scope), path.scope)
  assert(packageJSON.capabilities.untrustedWorkspaces.restrictedConfigurations.includes('codewm.server.path'))
}

async function similarActions(editor, line) {
  const range = editor.document.lineAt(line).range
  const actions = await vscode.commands.executeCommand('vscode.executeCodeActionProvider', editor.document.uri, range, 'codewm.similar', 5)
  return actions.filter(({ title }) => title.startsWith('Similar past edits'))
}
