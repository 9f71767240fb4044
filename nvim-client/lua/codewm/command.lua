--- `:CodeWM`, its words and their completion.
local server = require('codewm.server')
local tell = require('codewm.tell')

local M = {}

---@class codewm.Subcommand
---@field words string[] what may follow
---@field run fun(word?: string, command: table)

---@type table<string, codewm.Subcommand>
local subcommands = {
  similar = {
    words = {},
    run = function(_, command)
      require('codewm').similar(M.options(command))
    end,
  },
  predict = {
    words = {},
    run = function(_, command)
      require('codewm').predict(M.options(command))
    end,
  },
  pick = {
    words = { 'similar', 'predict' },
    run = function(word, command)
      local options = M.options(command)
      options.show = require('codewm.pickers').show
      require('codewm')[word or 'similar'](options)
    end,
  },
  preview = {
    words = {},
    run = function()
      local list, index, id = require('codewm.quickfix').current()
      if not list or #list.entries == 0 then
        return tell.warn('the quickfix list holds no past edits; :CodeWM similar fills it')
      end
      require('codewm.preview').open(list, math.min(index, #list.entries), id)
    end,
  },
  index = {
    words = { 'rebuild' },
    run = function(word)
      require('codewm').index({ rebuild = word == 'rebuild' })
    end,
  },
  status = {
    words = { 'all' },
    run = function(word)
      require('codewm').show_status({ all = word == 'all' })
    end,
  },
  doctor = {
    words = {},
    run = function()
      require('codewm.doctor').run(vim.api.nvim_get_current_buf())
    end,
  },
  dismissed = {
    words = {},
    run = function()
      require('codewm.dismissed').choose(server.subject(vim.api.nvim_get_current_buf()))
    end,
  },
  restart = {
    words = {},
    run = function()
      server.restart()
    end,
  },
}

--- Run `:CodeWM`; without a word it is `:CodeWM similar`.
---@param command table what |nvim_create_user_command()| hands over
function M.run(command)
  local name, word = command.fargs[1] or 'similar', command.fargs[2]
  local subcommand = subcommands[name]
  if not subcommand then
    return tell.warn(('there is no :CodeWM %s; there are %s'):format(name, table.concat(M.names(), ', ')))
  end
  if #command.fargs > 2 or (word and not vim.tbl_contains(subcommand.words, word)) then
    local may = #subcommand.words == 0 and 'nothing' or table.concat(subcommand.words, ' or ')
    return tell.warn(('after :CodeWM %s comes %s'):format(name, may))
  end
  subcommand.run(word, command)
end

--- What the last word of a command line may become.
---@param lead string the beginning of it
---@param line string the whole line
---@return string[]
function M.complete(lead, line)
  local words = vim.split(line:gsub('^.-CodeWM!?%s+', ''), '%s+')
  local candidates = #words <= 1 and M.names() or (subcommands[words[1]] or { words = {} }).words
  return vim.tbl_filter(function(candidate)
    return #words <= 2 and vim.startswith(candidate, lead)
  end, candidates)
end

---@return string[]
function M.names()
  local names = vim.tbl_keys(subcommands)
  table.sort(names)
  return names
end

--- A command's range and bang as options: with a bang the quickfix window opens, and no preview.
---@param command table
---@return codewm.Options
function M.options(command)
  return {
    lines = command.range > 0 and { command.line1, command.line2 } or nil,
    show = command.bang and 'quickfix' or 'preview',
  }
end

return M
