--- Past edits of this repository's history: what `:CodeWM` does, as functions.
local config = require('codewm.config')
local entries = require('codewm.entries')
local question = require('codewm.question')
local server = require('codewm.server')
local status = require('codewm.status')
local tell = require('codewm.tell')

local M = {}

---@alias codewm.Show "preview"|"quickfix"|fun(list: codewm.List) where a list goes; a function takes it itself

---@class codewm.Options
---@field buffer? integer the current one
---@field lines? codewm.Lines first and last line, from 1; without: the live edit nearest to the cursor
---@field show? codewm.Show "preview"; the quickfix list is filled with both

--- Past edits like the live edit at the cursor, or like those that the lines touch.
---@param options? codewm.Options
function M.similar(options)
  question.ask(options or {}, 'codewm/similarEdits', 'Similar past edits', entries.similar)
end

--- What is usually done to code like that at the cursor.
---@param options? codewm.Options
function M.predict(options)
  question.ask(options or {}, 'codewm/predictEdits', 'Predicted edits', entries.predicted)
end

--- Make the index of the buffer's work tree, or bring it up to date. When that is done it is told.
---@param options? { buffer?: integer, rebuild?: boolean }
function M.index(options)
  options = options or {}
  local uri = server.subject(question.buffer(options))
  local params = { textDocument = { uri = uri }, rebuild = options.rebuild or false }
  server.ask('codewm/index', params, {}, function(result)
    for _, work_tree in ipairs(result.workTrees) do
      if work_tree.state == 'indexing' then
        status.await(work_tree)
      end
      status.say(work_tree)
    end
    if #result.workTrees == 0 then
      tell.warn('there is no git work tree here')
    end
  end)
end

--- Tell how the indexes stand: that of the buffer's work tree, or of all.
---@param options? { buffer?: integer, all?: boolean }
function M.show_status(options)
  options = options or {}
  local params = options.all and vim.empty_dict()
    or { textDocument = { uri = server.subject(question.buffer(options)) } }
  server.ask('codewm/status', params, {}, function(result)
    vim.tbl_map(status.say, result.workTrees)
    if #result.workTrees == 0 then
      tell.warn('there is no git work tree here')
    end
  end)
end

--- A few words for a status line; empty where no server is attached. Changes come with the event `User CodeWMStatus`.
---@return string
function M.status()
  return status.line()
end

--- Start the server for a buffer, where there is no |vim.lsp.enable()|; for a |FileType| autocommand.
---@param options? table what |vim.lsp.start()| takes, over the defaults
---@param buffer? integer the current one
function M.start(options, buffer)
  config.given = options or config.given
  buffer = buffer or vim.api.nvim_get_current_buf()
  if config.root(vim.api.nvim_buf_get_name(buffer)) then
    local problem = server.start(buffer)
    if problem then
      vim.notify_once('codewm: ' .. problem, vim.log.levels.WARN)
    end
  end
end

--- Run `codewm.showSimilarEdits`, the command of the code action.
---@param arguments any[] URI, line from 0, version, last line from 0; the last two may be null
---@param buffer integer
function M.show_similar(arguments, buffer)
  local first, last = arguments[2], arguments[4]
  last = type(last) == 'number' and last or first
  M.similar({ buffer = question.buffer_of(arguments[1], buffer), lines = { first + 1, last + 1 } })
end

--- Run `codewm.showPredictedEdits`, the command of the other code action.
---@param arguments any[] URI, line from 0, version
---@param buffer integer
function M.show_predicted(arguments, buffer)
  local line = arguments[2] + 1
  M.predict({ buffer = question.buffer_of(arguments[1], buffer), lines = { line, line } })
end

return M
