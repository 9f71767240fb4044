--- Files before and after a past edit, as read-only buffers: `codewm://COMMIT/SIDE/PATH`.
---
--- The server's URIs have one slash and an encoded path; both are read.
local server = require('codewm.server')
local tell = require('codewm.tell')

local M = {}

local WAIT_MS = 5000 -- git reads one file

--- The name of a hit's document.
---@param hit codewm.Hit
---@param side "before"|"after"
---@return string
function M.name(hit, side)
  return ('codewm://%s/%s/%s'):format(hit.commit, side, hit.path)
end

--- Fill a buffer with the document that its name says. Without a text the buffer stays empty, and it is told why.
---@param buffer integer
---@param name string
function M.read(buffer, name)
  local slashes, commit, side, path = name:match('^codewm:(/+)(%x+)/(%l+)/(.+)$')
  local options = vim.bo[buffer]
  options.buftype, options.swapfile, options.modeline, options.undolevels = 'nofile', false, false, -1
  if not path or (side ~= 'before' and side ~= 'after') then
    return tell.warn(name .. ' is not the name of a document')
  end
  path = slashes == '/' and vim.uri_decode(path) or path
  local params = { commit = commit, side = side, path = path }
  local result, problem = server.ask_now('codewm/editContent', params, WAIT_MS)
  local text = result and result.text:gsub('\r\n', '\n'):gsub('\n$', '') or ''
  local lines = vim.split(text, '\n', { plain = true })
  options.modifiable, options.readonly = true, false
  vim.api.nvim_buf_set_lines(buffer, 0, -1, false, lines)
  options.modifiable, options.readonly, options.modified, options.buflisted = false, true, false, false
  if problem then
    return tell.warn(problem)
  end
  local filetype = vim.filetype.match({ buf = buffer, filename = path })
  if filetype then
    options.filetype = filetype
  end
end

--- Where a hit is best looked at: its file of today, or else the file after its commit.
---@param hit codewm.Hit
---@param root string the work tree's folder
---@return string # a file or the name of a document
function M.place(hit, root)
  local file = root .. '/' .. hit.path
  return vim.fn.filereadable(file) == 1 and file or M.name(hit, 'after')
end

--- Open a hit at its first line, as |:edit| does.
---@param hit codewm.Hit
---@param root string
function M.open(hit, root)
  vim.cmd.edit(vim.fn.fnameescape(M.place(hit, root)))
  M.go_to(hit)
end

--- Show a hit's whole file before and after it, side by side in a new tab, as |diff|.
---@param hit codewm.Hit
function M.compare(hit)
  vim.cmd.tabedit(vim.fn.fnameescape(M.name(hit, 'before')))
  vim.cmd.diffthis()
  vim.cmd('rightbelow vertical split ' .. vim.fn.fnameescape(M.name(hit, 'after')))
  vim.cmd.diffthis()
  M.go_to(hit)
end

--- Put the cursor on a hit's first line, or on the last line of a file that has become shorter.
---@param hit codewm.Hit
function M.go_to(hit)
  local last = vim.api.nvim_buf_line_count(0)
  vim.api.nvim_win_set_cursor(0, { math.min(hit.lines[1], last), 0 })
  vim.cmd('normal! zvzz')
end

return M
