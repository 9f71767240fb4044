--- A floating window with the diff of one past edit after the other. Its keys are its own: there are none elsewhere.
local documents = require('codewm.documents')
local entries = require('codewm.entries')
local quickfix = require('codewm.quickfix')
local tell = require('codewm.tell')

local M = {}

local WIDEST, LOWEST = 110, 8 -- columns, lines
local HINT = ' n next  p previous  <CR> file  d diff  y hash  x never again  o list  q close '

---@class codewm.Preview
---@field list codewm.List
---@field index integer from 1
---@field id integer of the quickfix list
---@field window integer

--- Show an entry, and the others on request.
---@param list codewm.List
---@param index integer from 1
---@param id integer the quickfix list's, which follows
function M.open(list, index, id)
  local buffer = vim.api.nvim_create_buf(false, true)
  local window = vim.api.nvim_open_win(buffer, true, M.place(LOWEST))
  vim.wo[window].wrap = false
  vim.bo[buffer].bufhidden = 'wipe'
  ---@type codewm.Preview
  local preview = { list = list, index = index, id = id, window = window }
  for keys, action in pairs(M.actions) do
    vim.keymap.set('n', keys, function()
      action(preview)
    end, { buffer = buffer, nowait = true })
  end
  vim.api.nvim_create_autocmd('WinLeave', {
    buffer = buffer,
    once = true,
    callback = function()
      vim.schedule(function()
        M.close(preview)
      end)
    end,
  })
  M.show(preview, index)
end

--- What the keys do.
---@type table<string, fun(preview: codewm.Preview)>
M.actions = {
  ['q'] = function(preview)
    M.close(preview)
  end,
  ['<Esc>'] = function(preview)
    M.close(preview)
  end,
  ['n'] = function(preview)
    M.show(preview, preview.index + 1)
  end,
  ['p'] = function(preview)
    M.show(preview, preview.index - 1)
  end,
  ['<CR>'] = function(preview)
    M.leave(preview, function(hit)
      documents.open(hit, preview.list.root)
    end)
  end,
  ['d'] = function(preview)
    M.leave(preview, documents.compare)
  end,
  ['y'] = function(preview)
    M.with_hit(preview, function(hit)
      vim.fn.setreg(vim.v.register, hit.commit)
      tell.info(('%s is in register %s'):format(hit.commit, vim.v.register))
    end)
  end,
  ['x'] = function(preview)
    M.with_hit(preview, function(hit)
      M.dismiss(preview, hit)
    end)
  end,
  ['o'] = function(preview)
    M.close(preview)
    vim.cmd('botright copen')
  end,
}

--- Show another entry in the window.
---@param preview codewm.Preview
---@param index integer out of the list: it is told that there are no more
function M.show(preview, index)
  local entry = preview.list.entries[index]
  if not entry then
    return tell.info(index < 1 and 'this is the first one' or 'this is the last one')
  end
  preview.index = index
  quickfix.select(preview.id, index)
  local buffer = vim.api.nvim_win_get_buf(preview.window)
  local lines = M.lines(entry)
  vim.bo[buffer].modifiable = true
  vim.api.nvim_buf_set_lines(buffer, 0, -1, false, lines)
  vim.bo[buffer].modifiable = false
  if vim.bo[buffer].filetype == '' then
    vim.bo[buffer].filetype = 'diff'
  end
  local place = M.place(#lines)
  place.title = (' %s, %d of %d '):format(preview.list.title, index, #preview.list.entries)
  if vim.fn.has('nvim-0.10') == 1 then
    place.footer = HINT
  end
  vim.api.nvim_win_set_config(preview.window, place)
  vim.api.nvim_win_set_cursor(preview.window, { 1, 0 })
end

--- An entry as the preview shows it: why it is here, the commit, and its diff.
---@param entry codewm.Entry
---@return string[]
function M.lines(entry)
  local hit = entry.hit
  if not hit then
    return { entry.note, '', 'No past edit was made to code like this.' }
  end
  local lines = {
    entry.note,
    '',
    'commit ' .. hit.commit,
    ('Author: %s'):format(tell.plain(hit.author)),
    ('Date:   %s (%s)'):format(hit.date, entries.age(hit.date)),
    '',
    '    ' .. tell.plain(hit.subject),
    '',
    ('--- a/%s'):format(tell.plain(hit.path)),
    ('+++ b/%s'):format(tell.plain(hit.path)),
  }
  local diff = hit.diff and hit.diff:gsub('\n$', '') or '(git could not give the text of this edit)'
  return vim.list_extend(lines, vim.split(diff, '\r?\n'))
end

--- Where the window goes, as |nvim_open_win()| takes it: over the middle of the screen, as high as its text needs.
---@param lines integer
---@return table
function M.place(lines)
  local width = math.max(math.min(vim.o.columns - 4, WIDEST), 1)
  local height = math.max(math.min(math.max(lines, LOWEST), vim.o.lines - vim.o.cmdheight - 4), 1)
  return {
    relative = 'editor',
    width = width,
    height = height,
    row = math.max(math.floor((vim.o.lines - height) / 2) - 1, 0),
    col = math.floor((vim.o.columns - width) / 2),
    style = 'minimal',
    border = 'rounded',
    title_pos = 'center',
    title = ' codewm ',
  }
end

---@param preview codewm.Preview
function M.close(preview)
  if vim.api.nvim_win_is_valid(preview.window) then
    vim.api.nvim_win_close(preview.window, true)
  end
end

--- Call a function with the hit that is shown, if one is.
---@param preview codewm.Preview
---@param use fun(hit: codewm.Hit)
function M.with_hit(preview, use)
  local hit = preview.list.entries[preview.index].hit
  if hit then
    use(hit)
  else
    tell.info('there is no commit here')
  end
end

--- The same after the window is closed.
---@param preview codewm.Preview
---@param use fun(hit: codewm.Hit)
function M.leave(preview, use)
  M.with_hit(preview, function(hit)
    M.close(preview)
    use(hit)
  end)
end

--- Never show a commit again, and take its other edits out of the list too.
---@param preview codewm.Preview
---@param hit codewm.Hit
function M.dismiss(preview, hit)
  require('codewm.dismissed').add(preview.list.uri, hit.commit, function()
    local list = preview.list
    local before = 0 -- entries above that go too
    local left = {}
    for number, entry in ipairs(list.entries) do
      if not entry.hit or entry.hit.commit ~= hit.commit then
        left[#left + 1] = entry
      elseif number < preview.index then
        before = before + 1
      end
    end
    list.entries = left
    local index = math.max(math.min(preview.index - before, #left), 1)
    quickfix.replace(preview.id, list, index)
    if not vim.api.nvim_win_is_valid(preview.window) then
      return
    end
    if #left == 0 then
      M.close(preview)
    else
      M.show(preview, index)
    end
  end)
end

return M
