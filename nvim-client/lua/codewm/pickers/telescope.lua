--- Past edits in Telescope.
local documents = require('codewm.documents')
local preview = require('codewm.preview')

local M = {}

---@param list codewm.List
---@param options? table what Telescope's pickers take
function M.show(list, options)
  options = options or {}
  local finders, pickers = require('telescope.finders'), require('telescope.pickers')
  local previewers, values = require('telescope.previewers'), require('telescope.config').values
  local function entry_of(entry)
    local hit = entry.hit
    return {
      value = entry,
      display = entry.text,
      ordinal = hit and ('%s %s'):format(hit.path, entry.text) or entry.text,
      filename = hit and documents.place(hit, list.root),
      lnum = hit and hit.lines[1],
    }
  end
  pickers
    .new(options, {
      prompt_title = list.title,
      finder = finders.new_table({ results = list.entries, entry_maker = entry_of }),
      sorter = values.generic_sorter(options),
      previewer = previewers.new_buffer_previewer({
        title = 'Past edit',
        define_preview = function(self, entry)
          vim.api.nvim_buf_set_lines(self.state.bufnr, 0, -1, false, preview.lines(entry.value))
          require('telescope.previewers.utils').highlighter(self.state.bufnr, 'diff')
        end,
      }),
      attach_mappings = function(prompt)
        local actions = require('telescope.actions')
        actions.select_default:replace(function()
          local chosen = require('telescope.actions.state').get_selected_entry()
          actions.close(prompt)
          if chosen then
            require('codewm.pickers').open(chosen.value, list)
          end
        end)
        return true
      end,
    })
    :find()
end

return M
