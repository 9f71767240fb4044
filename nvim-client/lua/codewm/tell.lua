--- Words for the person, on the message line. Only what was asked for, or what went wrong with it.
local M = {}

---@param text string one sentence or two
function M.info(text)
  vim.notify('codewm: ' .. M.plain(text), vim.log.levels.INFO)
end

---@param text string what is wrong, and what mends it
function M.warn(text)
  vim.notify('codewm: ' .. M.plain(text), vim.log.levels.WARN)
end

--- Text of a repository on one line, without what would move the cursor.
---@param text string
---@return string
function M.plain(text)
  return (text:gsub('%c', ' '))
end

return M
