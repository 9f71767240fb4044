--- Past edits in snacks.nvim's picker.
local documents = require('codewm.documents')
local preview = require('codewm.preview')

local M = {}

---@param list codewm.List
---@param options? table what `Snacks.picker.pick` takes
function M.show(list, options)
  local items = {}
  for number, entry in ipairs(list.entries) do
    local hit = entry.hit
    items[number] = {
      text = hit and ('%s %s'):format(hit.path, entry.text) or entry.text,
      entry = entry,
      file = hit and documents.place(hit, list.root),
      pos = hit and { hit.lines[1], 0 },
      preview = { text = table.concat(preview.lines(entry), '\n'), ft = 'diff', loc = false },
    }
  end
  local defaults = {
    title = list.title,
    items = items,
    format = 'text',
    preview = 'preview',
    confirm = function(picker, item)
      picker:close()
      if item then
        require('codewm.pickers').open(item.entry, list)
      end
    end,
  }
  require('snacks.picker').pick(vim.tbl_deep_extend('force', defaults, options or {}))
end

return M
