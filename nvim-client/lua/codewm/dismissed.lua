--- What is never to be shown again, and taking that back.
local server = require('codewm.server')
local tell = require('codewm.tell')

local M = {}

--- Never show the edits of a commit again.
---@param uri string a document of its repository
---@param commit string
---@param on_done fun()
function M.add(uri, commit, on_done)
  server.ask('codewm/dismiss', { textDocument = { uri = uri }, commit = commit }, {}, function()
    tell.info(('%s is not shown again; :CodeWM dismissed takes that back'):format(commit:sub(1, 10)))
    on_done()
  end)
end

--- Choose one of the dismissed, and restore it.
---@param uri string a document or folder of the repository
function M.choose(uri)
  server.ask('codewm/dismissed', { textDocument = { uri = uri } }, {}, function(result)
    if #result.dismissed == 0 then
      return tell.info('nothing is dismissed here')
    end
    vim.ui.select(result.dismissed, { prompt = 'Show again', format_item = M.words }, function(chosen)
      if chosen then
        M.restore(uri, chosen)
      end
    end)
  end)
end

--- Show something again.
---@param uri string a document or folder of the repository
---@param dismissal codewm.Dismissal
function M.restore(uri, dismissal)
  local params = vim.tbl_extend('force', { textDocument = { uri = uri } }, dismissal)
  server.ask('codewm/restore', params, {}, function()
    tell.info(('%s is shown again'):format(M.words(dismissal)))
  end)
end

---@param dismissal codewm.Dismissal
---@return string
function M.words(dismissal)
  local hit = dismissal.hit
  if hit then
    return tell.plain(('%s %s:%d-%d'):format(hit.commit:sub(1, 10), hit.path, hit.lines[1], hit.lines[2]))
  elseif dismissal.commit then
    return ('commit %s'):format(dismissal.commit:sub(1, 10))
  elseif dismissal.path then
    return tell.plain('path ' .. dismissal.path)
  end
  return tell.plain('author ' .. tostring(dismissal.author))
end

return M
