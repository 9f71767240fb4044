--- A question about a place in a buffer, and what becomes of its answer.
local config = require('codewm.config')
local entries = require('codewm.entries')
local server = require('codewm.server')
local status = require('codewm.status')
local tell = require('codewm.tell')

local M = {}

local latest = 0 -- the number of the last question

--- Ask about a place in a buffer, and show the answer unless another question was asked meanwhile.
---@param options codewm.Options
---@param method codewm.Request
---@param title string
---@param entries_of fun(result: table): codewm.Entry[]
function M.ask(options, method, title, entries_of)
  local buffer = M.buffer(options)
  latest = latest + 1
  local number = latest
  local function params(client)
    local where = M.where(options, buffer, method, client)
    return vim.tbl_extend('force', { textDocument = { uri = vim.uri_from_bufnr(buffer) }, diffs = true }, where)
  end
  server.ask(method, params, { buffer = buffer }, function(result)
    if number ~= latest then
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
