--- Past edits in the quickfix list.
---
--- The list's context holds the entries, so that an older list (|:colder|) is as good as the newest.
local documents = require('codewm.documents')
local entries = require('codewm.entries')

local M = {}

--- Make a new quickfix list of the entries.
---@param list codewm.List
---@return integer id the quickfix list's
function M.fill(list)
  vim.fn.setqflist({}, ' ', M.what(list))
  return vim.fn.getqflist({ id = 0 }).id
end

--- Put other entries into a list that is there.
---@param id integer
---@param list codewm.List
---@param index integer the current entry, from 1
function M.replace(id, list, index)
  vim.fn.setqflist({}, 'r', vim.tbl_extend('force', M.what(list), { id = id, idx = index }))
end

--- Make an entry the current one.
---@param id integer
---@param index integer from 1
function M.select(id, index)
  vim.fn.setqflist({}, 'a', { id = id, idx = index })
end

--- The entries of the current list, and which of them is meant: the one under the cursor in the quickfix window.
---@return codewm.List? # nil if the current list is not one of ours
---@return integer index from 1
---@return integer id
function M.current()
  local found = vim.fn.getqflist({ context = 1, idx = 0, id = 0 })
  local list = type(found.context) == 'table' and found.context.codewm or nil
  local in_window = vim.bo.buftype == 'quickfix' and vim.fn.getloclist(0, { filewinid = 0 }).filewinid == 0
  return list, in_window and vim.fn.line('.') or math.max(found.idx, 1), found.id
end

--- What |setqflist()| takes.
---@param list codewm.List
---@return table
function M.what(list)
  local items = {}
  for index, entry in ipairs(list.entries) do
    local item = { text = entry.text, nr = index }
    if entry.hit then
      item.filename = documents.place(entry.hit, list.root)
      item.lnum, item.end_lnum = entry.hit.lines[1], entry.hit.lines[2]
    end
    items[index] = item
  end
  return {
    title = list.title,
    items = items,
    context = { codewm = list },
    quickfixtextfunc = M.text,
  }
end

--- The lines of the quickfix window: paths within the work tree, whether the file is still there or not.
---@param info { id: integer, start_idx: integer, end_idx: integer }
---@return string[]
function M.text(info)
  local found = vim.fn.getqflist({ id = info.id, context = 1, items = 1 })
  local list = type(found.context) == 'table' and found.context.codewm or { entries = {} }
  local lines = {}
  for index = info.start_idx, info.end_idx do
    local hit = (list.entries[index] or {}).hit
    local place = hit and ('%s|%s'):format(hit.path, entries.lines(hit.lines)) or '|'
    lines[#lines + 1] = ('%s| %s'):format(place, found.items[index].text)
  end
  return lines
end

return M
