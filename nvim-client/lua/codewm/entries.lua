--- Answers of the server as one flat list of entries, which the quickfix list, the preview and the pickers show.
local tell = require('codewm.tell')

local M = {}

---@class codewm.Entry
---@field hit? codewm.Hit absent for a kind of edit that no past edit shows
---@field text string one line about it
---@field note string what the preview says above the commit

---@class codewm.List
---@field title string
---@field uri string the document that was asked about
---@field root string the folder of its work tree
---@field entries codewm.Entry[]

local DAY = 24 * 60 * 60
local AGES = { { 365 * DAY, 'year' }, { 30 * DAY, 'month' }, { 7 * DAY, 'week' }, { DAY, 'day' } }

local PROBLEMS = {
  ['no-index'] = 'there is no index that can be read; :CodeWM index makes one, :CodeWM status says more',
  ['no-edit'] = 'nothing differs from git HEAD here',
  ['no-model'] = 'the model cannot be read; :CodeWM doctor tells why',
  ['stale'] = 'the buffer was changed meanwhile; ask again',
  ['too-large'] = 'this document is too large',
  ['unsupported'] = 'this document is left alone: outside of git, without a grammar, or secret by its name',
}

--- Why an answer holds nothing, in words; nil if it does.
---@param result codewm.SimilarEditsResult|codewm.PredictEditsResult
---@return string?
function M.problem(result)
  return result.status ~= 'ok' and (PROBLEMS[result.status] or result.status) or nil
end

--- The hits for all live edits of an answer.
---@param result codewm.SimilarEditsResult
---@return codewm.Entry[]
function M.similar(result)
  local entries = {}
  for _, edit in ipairs(result.edits) do
    local place = ('like the edit at %s:%s'):format(edit.path, M.lines(edit.lines))
    for _, hit in ipairs(edit.hits) do
      local reasons = table.concat(hit.reasons, ', ')
      local text = ('%s, %.2f: %s (%s)'):format(M.who(hit), hit.similarity, hit.subject, reasons)
      local note = ('%s, similarity %.2f: %s'):format(place, hit.similarity, reasons)
      entries[#entries + 1] = { hit = hit, text = tell.plain(text), note = tell.plain(note) }
    end
  end
  return entries
end

--- The past edits that show each prediction; a prediction that none shows is an entry by itself.
---@param result codewm.PredictEditsResult
---@return codewm.Entry[]
function M.predicted(result)
  local entries = {}
  for number, prediction in ipairs(result.predictions) do
    local kind = ('%d. %s (%.0f %%)'):format(number, prediction.label, 100 * prediction.score)
    for _, hit in ipairs(prediction.edits) do
      local text = ('%s: %s: %s'):format(kind, M.who(hit), hit.subject)
      local note = ('%s, shown by code like this (similarity %.2f)'):format(kind, hit.similarity)
      entries[#entries + 1] = { hit = hit, text = tell.plain(text), note = tell.plain(note) }
    end
    if #prediction.edits == 0 then
      entries[#entries + 1] = { text = tell.plain(kind .. ': no past edit of code like this'), note = kind }
    end
  end
  return entries
end

--- Commit, author and age of a hit.
---@param hit codewm.Hit
---@return string
function M.who(hit)
  return ('%s %s, %s'):format(hit.commit:sub(1, 10), hit.author, M.age(hit.date))
end

--- First and last line, as one number if they are the same.
---@param lines codewm.Lines
---@return string
function M.lines(lines)
  return lines[1] == lines[2] and ('%d'):format(lines[1]) or ('%d-%d'):format(lines[1], lines[2])
end

--- How long ago a day was, in the largest unit that fits; its hour does not matter.
---@param date string as in ISO 8601
---@return string
function M.age(date)
  local year, month, day = date:match('^(%d+)-(%d+)-(%d+)')
  if not year then
    return date
  end
  local past = os.time() - os.time({ year = tonumber(year), month = tonumber(month), day = tonumber(day), hour = 12 })
  for _, unit in ipairs(AGES) do
    local count = math.floor(past / unit[1])
    if count >= 1 then
      return ('%d %s%s ago'):format(count, unit[2], count == 1 and '' or 's')
    end
  end
  return 'today'
end

return M
