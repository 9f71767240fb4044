--- `:checkhealth codewm`: what is there, what is missing, and what mends it.
local config = require('codewm.config')
local doctor = require('codewm.doctor')
local pickers = require('codewm.pickers')
local server = require('codewm.server')
local status = require('codewm.status')

local M = {}

-- Its functions had other names before Neovim 0.10.
local health = setmetatable({}, {
  __index = function(_, name)
    return vim.health[name] or vim.health['report_' .. name]
  end,
})

local OLDEST_GIT = { 2, 31 }
local WAIT_MS = 5000

function M.check()
  health.start('codewm: programs')
  M.neovim()
  M.git()
  M.program()
  health.start('codewm: server')
  M.server()
  health.start('codewm: pickers')
  M.pickers()
end

function M.neovim()
  local version = tostring(vim.version())
  if vim.fn.has('nvim-0.11') == 1 then
    health.ok(('Neovim %s'):format(version))
  else
    health.ok(('Neovim %s: without vim.lsp.enable(), start the server as :help codewm-older says'):format(version))
  end
end

function M.git()
  local words = M.output({ 'git', '--version' })
  local major, minor = (words or ''):match('(%d+)%.(%d+)')
  if not major then
    health.error('git is not there or not on PATH', { 'Install git 2.31 or newer' })
  elseif tonumber(major) * 1000 + tonumber(minor) < OLDEST_GIT[1] * 1000 + OLDEST_GIT[2] then
    health.error(words .. ' is too old', { 'Install git 2.31 or newer' })
  else
    health.ok(words)
  end
end

function M.program()
  local command = doctor.command({ '--version' })
  if not command then
    return health.info('the server is not started by a program and its arguments')
  end
  local path = vim.fn.exepath(command[1])
  local words = path ~= '' and M.output(command)
  if words then
    health.ok(('%s: %s'):format(path, words))
    health.info('a report about the installation and the index: :CodeWM doctor')
  elseif path ~= '' then
    health.error(('%s does not run'):format(path), { 'Run it in a terminal to see why' })
  else
    health.error(('%s is not there or not on PATH'):format(command[1]), {
      'Install it: pip install codewm-lsp (see the README)',
      "Or name it: vim.lsp.config('codewm', { cmd = { '/path/to/codewm-lsp', 'serve' } })",
    })
  end
end

function M.server()
  local clients = server.clients()
  local enabled = vim.lsp.is_enabled and vim.lsp.is_enabled(config.name)
  if #clients == 0 then
    local advice = { 'Open a file of a git repository, or run :CodeWM status in one' }
    if not enabled then
      advice = { "Put vim.lsp.enable('codewm') into your configuration, or see :help codewm-older" }
    end
    return health.warn('no server is running', advice)
  end
  for _, client in ipairs(clients) do
    local info = client.server_info or {}
    local buffers = #vim.tbl_keys(client.attached_buffers)
    health.ok(
      ('%s %s, attached to %d buffer(s), positions in %s'):format(
        info.name or client.name,
        info.version or '',
        buffers,
        client.offset_encoding
      )
    )
  end
  M.indexes()
end

--- How the index of each open work tree stands.
function M.indexes()
  local result, problem = server.ask_now('codewm/status', vim.empty_dict(), WAIT_MS)
  if not result then
    return health.error(problem, { 'Try :CodeWM restart; :CodeWM doctor tells more' })
  end
  for _, work_tree in ipairs(result.workTrees) do
    local sentence = status.sentence(work_tree)
    local report = ({ ready = health.ok, error = health.error, indexing = health.info })[work_tree.state]
    report = report or health.warn
    report(sentence, work_tree.state == 'error' and { ':CodeWM doctor tells more' } or nil)
  end
end

function M.pickers()
  for _, picker in ipairs(pickers.known) do
    local there = pickers.is_installed(picker.module)
    health.info(('%s %s'):format(picker.module, there and 'is installed' or 'is not installed'))
  end
end

--- What a program prints, on one line; nil if it fails.
---@param command string[]
---@return string?
function M.output(command)
  if vim.fn.executable(command[1]) == 0 then
    return nil
  end
  local words = vim.fn.system(command)
  return vim.v.shell_error == 0 and vim.trim((words:gsub('%s+', ' '))) or nil
end

return M
