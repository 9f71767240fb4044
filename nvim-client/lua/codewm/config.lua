--- What Neovim needs to know to run the server.
---
--- `lsp/codewm.lua` hands this to |vim.lsp.config()|; where that is not there, `start()` hands it to |vim.lsp.start()|.
local M = {}

--- The client's name, by which everything here finds it.
M.name = 'codewm'

--- The configuration before any user's word.
---@return table
function M.defaults()
  return {
    name = M.name,
    cmd = { 'codewm-lsp', 'serve' },
    root_dir = function(buffer, on_root)
      local root = M.root(vim.api.nvim_buf_get_name(buffer))
      if root then
        on_root(root)
      end
    end,
    reuse_client = function(client, current)
      return require('codewm.server').reuse(client, current)
    end,
    capabilities = { experimental = { codewm = { status = true } } },
    handlers = {
      ['codewm/statusChanged'] = function(_, work_tree)
        require('codewm.status').changed(work_tree)
      end,
    },
    commands = {
      ['codewm.showSimilarEdits'] = function(command, context)
        require('codewm').show_similar(command.arguments, context.bufnr)
      end,
      ['codewm.showPredictedEdits'] = function(command, context)
        require('codewm').show_predicted(command.arguments, context.bufnr)
      end,
    },
  }
end

--- The folder of the git work tree that a file lies in.
---@param file string a path, absolute; it need not exist
---@return string? # nil outside of git, in git's own folder, and for the names of what is no file
function M.root(file)
  if file == '' or file:match('^%a[%w+.-]+:') then
    return nil
  end
  local marker = vim.fs.find('.git', { path = vim.fs.dirname(file), upward = true })[1]
  if not marker or vim.startswith(vim.fs.normalize(file), marker .. '/') then
    return nil
  end
  return vim.fs.dirname(marker)
end

--- The configuration as the user has changed it: by |vim.lsp.config()|, or by what was given to `start()`.
---@return table
function M.current()
  local configured = vim.fn.has('nvim-0.11') == 1 and vim.lsp.config[M.name] or M.defaults()
  return vim.tbl_deep_extend('force', vim.deepcopy(configured), M.given or {})
end

--- Options given to `require('codewm').start()`, for Neovim without |vim.lsp.config()|.
---@type table?
M.given = nil

return M
