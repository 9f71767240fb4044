--- Past edits in the picker that is installed: Telescope, fzf-lua or snacks; in |vim.ui.select()| where there is none.
local documents = require('codewm.documents')
local tell = require('codewm.tell')

local M = {}

--- By which module each is known, and which of ours shows a list in it.
M.known = {
  { module = 'telescope', ours = 'codewm.pickers.telescope' },
  { module = 'fzf-lua', ours = 'codewm.pickers.fzf_lua' },
  { module = 'snacks.picker', ours = 'codewm.pickers.snacks' },
}

--- Show a list in the first picker that is installed; one that is in use already comes first.
---@param list codewm.List
function M.show(list)
  for _, is_there in ipairs({ M.is_loaded, M.is_installed }) do
    for _, picker in ipairs(M.known) do
      if is_there(picker.module) then
        return require(picker.ours).show(list)
      end
    end
  end
  M.select(list)
end

---@param module string
---@return boolean
function M.is_loaded(module)
  return package.loaded[module] ~= nil
end

---@param module string
---@return boolean
function M.is_installed(module)
  return (pcall(require, module))
end

--- Choose from a plain menu.
---@param list codewm.List
function M.select(list)
  vim.ui.select(list.entries, {
    prompt = list.title,
    kind = 'codewm',
    format_item = function(entry)
      return entry.text
    end,
  }, function(entry)
    if entry then
      M.open(entry, list)
    end
  end)
end

--- Open what was chosen.
---@param entry codewm.Entry
---@param list codewm.List
function M.open(entry, list)
  if entry.hit then
    documents.open(entry.hit, list.root)
  else
    tell.info('no past edit was made to code like this')
  end
end

return M
