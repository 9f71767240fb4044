--- How the indexes stand: kept as the server tells it, and put into words.
local tell = require('codewm.tell')

local M = {}

local known = {} ---@type table<string, codewm.WorkTree> by the work tree's URI
local asked = {} ---@type table<string, boolean> folders whose state was asked for
local awaited = {} ---@type table<string, boolean> work trees whose end of indexing a person waits for
local said = {} ---@type table<string, boolean> work trees without an index that were mentioned
local shown = false -- whether a status line shows the state

--- Take the server's word. That a work tree has no index, or one that cannot be read, is said once; and so is the end
--- of an indexing that was asked for.
---@param work_tree codewm.WorkTree
function M.changed(work_tree)
  local uri, state = work_tree.uri, work_tree.state
  known[uri] = work_tree
  if awaited[uri] and state ~= 'indexing' then
    awaited[uri] = nil
    M.say(work_tree)
  elseif (state == 'none' or state == 'error') and not said[uri] then
    said[uri] = true
    M.say(work_tree)
  end
  if shown then
    vim.cmd.redrawstatus({ bang = true })
  end
  vim.api.nvim_exec_autocmds('User', { pattern = 'CodeWMStatus', modeline = false, data = work_tree })
end

--- Remember that a person waits for the end of what is under way.
---@param work_tree codewm.WorkTree
function M.await(work_tree)
  awaited[work_tree.uri] = true
  said[work_tree.uri] = true
end

---@param work_tree codewm.WorkTree
function M.say(work_tree)
  local say = work_tree.state == 'error' and tell.warn or tell.info
  say(M.sentence(work_tree))
end

--- The state of a work tree in words.
---@param work_tree codewm.WorkTree
---@return string
function M.sentence(work_tree)
  local name, state = work_tree.name, work_tree.state
  if state == 'none' then
    return ('%s has no index yet; :CodeWM index makes one'):format(name)
  elseif state == 'indexing' then
    return ('%s is being indexed%s'):format(name, M.progress(work_tree, ', %d of %d commits', ''))
  elseif state == 'ready' then
    local counts = ': %d commits, %d edits'
    local numbers = M.number(work_tree.commits) and M.number(work_tree.edits)
    return name .. ' is indexed' .. (numbers and counts:format(work_tree.commits, work_tree.edits) or '')
  elseif state == 'stale' then
    return ('the index of %s is behind; :CodeWM index brings it up to date'):format(name)
  end
  return type(work_tree.message) == 'string' and work_tree.message or ('the index of %s cannot be read'):format(name)
end

--- A few words for a status line about the current buffer: empty where no server is attached to it.
---@return string
function M.line()
  shown = true
  local buffer = vim.api.nvim_get_current_buf()
  local client = require('codewm.server').clients(buffer)[1]
  if not client then
    return ''
  end
  local file = vim.api.nvim_buf_get_name(buffer)
  local work_tree = M.of(file)
  if not work_tree then
    M.fetch(vim.uri_from_fname(vim.fs.dirname(file)))
    return 'codewm'
  end
  local words = { none = 'no index', stale = 'behind', error = 'error', indexing = 'indexing' }
  local word = words[work_tree.state]
  if work_tree.state == 'indexing' then
    word = M.progress(work_tree, '%d/%d', word)
  end
  return word and 'codewm: ' .. word or 'codewm'
end

--- What is known of the innermost work tree around a file.
---@param file string
---@return codewm.WorkTree?
function M.of(file)
  local best, length = nil, -1
  for uri, work_tree in pairs(known) do
    local root = vim.uri_to_fname(uri)
    if #root > length and vim.startswith(file, root:gsub('/$', '') .. '/') then
      best, length = work_tree, #root
    end
  end
  return best
end

--- Ask the server about a folder, once.
---@param uri string
function M.fetch(uri)
  if asked[uri] then
    return
  end
  asked[uri] = true
  vim.schedule(function()
    require('codewm.server').ask('codewm/status', { textDocument = { uri = uri } }, {}, function(result)
      vim.tbl_map(M.changed, result.workTrees)
    end)
  end)
end

--- How far an indexing is, by `format`, or `otherwise` if that is not known.
---@param work_tree codewm.WorkTree
---@param format string with two %d
---@param otherwise string
---@return string
function M.progress(work_tree, format, otherwise)
  local done, total = M.number(work_tree.commits), M.number(work_tree.commitsTotal)
  return done and total and format:format(done, total) or otherwise
end

--- A number of the server's, or nil for its null.
---@param value any
---@return integer?
function M.number(value)
  return type(value) == 'number' and value or nil
end

return M
