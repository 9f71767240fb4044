--- `codewm-lsp doctor` in a window.
local config = require('codewm.config')
local tell = require('codewm.tell')

local M = {}

--- Run it for a buffer's file, or else for the current folder; its output comes into a new window.
---@param buffer integer
function M.run(buffer)
  local file = vim.api.nvim_buf_get_name(buffer)
  local command = M.command({ 'doctor', vim.fn.filereadable(file) == 1 and file or vim.fn.getcwd() })
  if not command then
    return tell.warn('the server is not started by a program and its arguments; run codewm-lsp doctor in a terminal')
  end
  if vim.fn.executable(command[1]) == 0 then
    return tell.warn(('%s is not there or not on PATH; :checkhealth codewm tells more'):format(command[1]))
  end
  tell.info('the doctor is at work; it takes some seconds')
  local lines = {}
  local function collect(_, data)
    vim.list_extend(lines, data)
  end
  vim.fn.jobstart(command, {
    stdout_buffered = true,
    stderr_buffered = true,
    on_stdout = collect,
    on_stderr = collect,
    env = { NO_COLOR = '1' },
    on_exit = function()
      M.show(lines)
    end,
  })
end

--- Another command of the program that the server is started by.
---@param arguments string[]
---@return string[]? # nil if it is not started by one
function M.command(arguments)
  local cmd = config.current().cmd
  if type(cmd) ~= 'table' then
    return nil
  end
  local program = {}
  for _, word in ipairs(cmd) do
    if word == 'serve' then
      break
    end
    program[#program + 1] = word
  end
  return vim.list_extend(program, arguments)
end

---@param lines string[]
function M.show(lines)
  while lines[#lines] == '' do
    table.remove(lines)
  end
  vim.cmd('botright new')
  local buffer = vim.api.nvim_get_current_buf()
  vim.bo[buffer].buftype, vim.bo[buffer].bufhidden, vim.bo[buffer].swapfile = 'nofile', 'wipe', false
  vim.api.nvim_buf_set_lines(buffer, 0, -1, false, lines)
  vim.bo[buffer].modifiable = false
end

return M
