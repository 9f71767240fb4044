--- Past edits of this repository's history: what `:CodeWM` does, as functions.
local config = require('codewm.config')
local entries = require('codewm.entries')
local server = require('codewm.server')
local status = require('codewm.status')
local tell = require('codewm.tell')

local M = {}

---@alias codewm.Show "preview"|"quickfix"|fun(list: codewm.List) where a list goes; a function takes it itself

---@class codewm.Options
---@field buffer? integer the current one
---@field lines? { [1]: integer, [2]: integer } first and last line, from 1; without: the live edit nearest to the cursor
---@field show? codewm.Show "preview"; the quickfix list is filled with both

local latest = 0 -- the number of the last question; what answers an older one is dropped

--- Past edits like the live edit at the cursor, or like those that the lines touch.
---@param options? codewm.Options
function M.similar(options)
  options = options or {}
  M.ask_for(options, 'codewm/similarEdits', 'Similar past edits', entries.similar)
end

--- What is usually done to code like that at the cursor.
---@param options? codewm.Options
function M.predict(options)
  M.ask_for(options or {}, 'codewm/predictEdits', 'Predicted edits', entries.predicted)
end

--- Make the index of the buffer's work tree, or bring it up to date. When that is done it is told.
---@param options? { buffer?: integer, rebuild?: boolean }
function M.index(options)
  options = options or {}
  local uri = server.subject(M.buffer(options))
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
  local params = options.all and vim.empty_dict() or { textDocument = { uri = server.subject(M.buffer(options)) } }
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

--- Start the server for a buffer, where there is no |vim.lsp.enable()|: `require('codewm').start()` in a |FileType| autocommand.
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
  M.similar({ buffer = M.buffer_of(arguments[1], buffer), lines = { first + 1, last + 1 } })
end

--- Run `codewm.showPredictedEdits`, the command of the other code action.
---@param arguments any[] URI, line from 0, version
---@param buffer integer
function M.show_predicted(arguments, buffer)
  local line = arguments[2] + 1
  M.predict({ buffer = M.buffer_of(arguments[1], buffer), lines = { line, line } })
end

--- Show a list of entries.
---@param list codewm.List
---@param show? codewm.Show
function M.show(list, show)
  if type(show) == 'function' then
    return show(list)
  end
  local quickfix = require('codewm.quickfix')
  local id = quickfix.fill(list)
  if show == 'quickfix' then
    vim.cmd('botright copen')
  else
    require('codewm.preview').open(list, 1, id)
  end
end

--- Ask about a place in a buffer, and show the answer.
---@param options codewm.Options
---@param method codewm.Request
---@param title string
---@param entries_of fun(result: table): codewm.Entry[]
function M.ask_for(options, method, title, entries_of)
  local buffer = M.buffer(options)
  latest = latest + 1
  local question = latest
  local function params(client)
    local where = M.where(options, buffer, method, client)
    return vim.tbl_extend('force', { textDocument = { uri = vim.uri_from_bufnr(buffer) }, diffs = true }, where)
  end
  server.ask(method, params, { buffer = buffer }, function(result)
    if question ~= latest then
      return
    end
    local found = entries_of(result)
    if #found == 0 then
      return tell.info(entries.problem(result) or M.nothing(buffer))
    end
    local root = config.root(vim.api.nvim_buf_get_name(buffer))
    M.show({ title = title, uri = vim.uri_from_bufnr(buffer), root = root, entries = found }, options.show)
  end)
end

--- The position or range that is meant, as params.
---@param options codewm.Options
---@param buffer integer
---@param method codewm.Request
---@param client table
---@return table
function M.where(options, buffer, method, client)
  local lines = options.lines
  if not lines then
    local window = vim.fn.bufwinid(buffer)
    return {
      position = vim.lsp.util.make_position_params(math.max(window, 0), client.offset_encoding).position,
    }
  end
  local start = { line = lines[1] - 1, character = 0 }
  if method == 'codewm/predictEdits' then
    return { position = start }
  end
  return { range = { start = start, ['end'] = { line = lines[2] - 1, character = 0 } } }
end

--- Why there is no hit although nothing is wrong.
---@param buffer integer
---@return string
function M.nothing(buffer)
  local work_tree = status.of(vim.api.nvim_buf_get_name(buffer))
  local so_far = work_tree and work_tree.state == 'indexing' and ' so far; ' .. status.sentence(work_tree) or ''
  return 'the history has nothing like this' .. so_far
end

---@param options { buffer?: integer }
---@return integer
function M.buffer(options)
  return options.buffer and options.buffer > 0 and options.buffer or vim.api.nvim_get_current_buf()
end

--- The loaded buffer of a URI, or else another.
---@param uri any
---@param otherwise integer
---@return integer
function M.buffer_of(uri, otherwise)
  local buffer = type(uri) == 'string' and vim.fn.bufnr(vim.uri_to_fname(uri)) or -1
  return buffer > 0 and buffer or otherwise
end

return M
