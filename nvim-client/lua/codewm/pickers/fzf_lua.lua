--- Past edits in fzf-lua.
local preview = require('codewm.preview')

local M = {}

---@param list codewm.List
---@param options? table what `fzf_exec` takes
function M.show(list, options)
  local rows = {}
  for number, entry in ipairs(list.entries) do
    local place = entry.hit and entry.hit.path or ''
    rows[number] = ('%d\t%s\t%s'):format(number, require('codewm.tell').plain(place), entry.text)
  end
  ---@param row string
  local function entry_of(row)
    return list.entries[tonumber(row:match('^%d+'))]
  end
  local defaults = {
    prompt = list.title .. '> ',
    previewer = M.previewer(entry_of),
    fzf_opts = { ['--delimiter'] = '\t', ['--with-nth'] = '2..' },
    actions = {
      ['default'] = function(selected)
        local entry = selected[1] and entry_of(selected[1])
        if entry then
          require('codewm.pickers').open(entry, list)
        end
      end,
    },
  }
  require('fzf-lua').fzf_exec(rows, vim.tbl_deep_extend('force', defaults, options or {}))
end

--- A class of previews, as fzf-lua wants it.
---@param entry_of fun(row: string): codewm.Entry?
---@return table
function M.previewer(entry_of)
  local Previewer = require('fzf-lua.previewer.builtin').base:extend()

  function Previewer:new(...)
    Previewer.super.new(self, ...)
    return setmetatable(self, Previewer)
  end

  function Previewer:populate_preview_buf(row)
    local entry = entry_of(row)
    local buffer = self:get_tmp_buffer()
    vim.api.nvim_buf_set_lines(buffer, 0, -1, false, entry and preview.lines(entry) or {})
    vim.bo[buffer].syntax = 'diff'
    self:set_preview_buf(buffer)
  end

  return Previewer
end

return M
