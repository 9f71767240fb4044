--- The running server: started when it is needed, asked, started again. Knows what differs between Neovim's versions.
local config = require('codewm.config')
local tell = require('codewm.tell')

local M = {}

local START_MS = 20000 -- a server that has not answered `initialize` by then is broken
local STOP_MS = 3000 -- so long a server may take to end by itself
local POLL_MS = 20

local api = vim.api
local has_0_11 = vim.fn.has('nvim-0.11') == 1

--- Call a function of a client; they take the client itself since Neovim 0.11.
---@param client table
---@param name string
---@param ... any
---@return any ...
local function call(client, name, ...)
  if has_0_11 then
    return client[name](client, ...)
  end
  return client[name](...)
end

--- The clients whether they have answered `initialize` or not.
---@return table[]
local function all_clients()
  return (vim.lsp.get_clients or vim.lsp.get_active_clients)({ name = config.name })
end

--- The running clients that have answered `initialize`.
---@param buffer? integer only those that this buffer is attached to
---@return table[]
function M.clients(buffer)
  return vim.tbl_filter(function(client)
    return client.initialized and (not buffer or client.attached_buffers[buffer])
  end, all_clients())
end

--- What a request is about, for those that are about a file or folder: the buffer's file, or else the current folder.
---@param buffer integer
---@return string # a URI
function M.subject(buffer)
  local name = api.nvim_buf_get_name(buffer)
  if vim.bo[buffer].buftype == '' and name ~= '' and not name:match('^%a[%w+.-]+:') then
    return vim.uri_from_bufnr(buffer)
  end
  return vim.uri_from_fname(vim.fn.getcwd())
end

--- Ask the server, and start it first if it is not there. What goes wrong is told, and `on_result` is not called then.
---@param method codewm.Request
---@param params table|fun(client: table): table
---@param options { buffer?: integer } the buffer that the server must have open, if it must
---@param on_result fun(result: table, client: table)
function M.ask(method, params, options, on_result)
  M.ready(options.buffer, function(client)
    local function answered(err, result)
      if err then
        tell.warn(err.message or tostring(err))
      else
        on_result(result, client)
      end
    end
    if type(params) == 'function' then
      params = params(client)
    end
    call(client, 'request', method, params, answered, options.buffer or api.nvim_get_current_buf())
  end)
end

--- Ask every running server in turn, without going on until one has answered well.
---@param method codewm.Request
---@param params table
---@param wait_ms integer
---@return table? result
---@return string? problem why there is none
function M.ask_now(method, params, wait_ms)
  local problem = 'no server is running'
  for _, client in ipairs(M.clients()) do
    local answer, failed = call(client, 'request_sync', method, params, wait_ms, api.nvim_get_current_buf())
    if answer and answer.result then
      return answer.result
    end
    problem = answer and answer.err and answer.err.message or failed or 'the server did not answer'
  end
  return nil, problem
end

--- Call `on_ready` with a client, of the buffer if one is given, once there is one; without one a server is started.
---@param buffer? integer
---@param on_ready fun(client: table)
function M.ready(buffer, on_ready)
  local client = M.clients(buffer)[1]
  if client then
    return on_ready(client)
  end
  local problem = M.start(buffer)
  if problem then
    return tell.warn(problem)
  end
  M.wait_for(START_MS, function()
    return M.clients(buffer)[1]
  end, function(started)
    if started then
      on_ready(started)
    else
      tell.warn('the server does not answer; :checkhealth codewm')
    end
  end)
end

--- Start a server, or attach the buffer to one that runs.
---@param buffer? integer none: for the current folder, without a buffer
---@return string? problem why it cannot be started
function M.start(buffer)
  local path = buffer and api.nvim_buf_get_name(buffer) or (vim.fn.getcwd() .. '/.')
  local root = config.root(path)
  if not root then
    return ('%s is in no git work tree'):format(buffer and 'this buffer' or 'the current folder')
  end
  local current = config.current()
  local program = type(current.cmd) == 'table' and current.cmd[1]
  if program and vim.fn.executable(program) == 0 then
    return ('%s is not there or not on PATH; :checkhealth codewm tells more'):format(program)
  end
  current.root_dir = root
  if not has_0_11 then
    current.capabilities =
      vim.tbl_deep_extend('force', vim.lsp.protocol.make_client_capabilities(), current.capabilities)
  end
  vim.lsp.start(current, { bufnr = buffer, reuse_client = current.reuse_client, attach = buffer ~= nil })
end

--- Whether a client can serve what `current` is for. One server is enough for all work trees: it finds the one of each
--- file by itself, and the model is in memory once. It is told of a root that is new to it.
---@param client table
---@param current table a configuration with its `root_dir`
---@return boolean
function M.reuse(client, current)
  if client.name ~= current.name or call(client, 'is_stopped') then
    return false
  end
  local uri = current.root_dir and vim.uri_from_fname(current.root_dir)
  client.workspace_folders = client.workspace_folders or {}
  local known = vim.tbl_filter(function(folder)
    return folder.uri == uri
  end, client.workspace_folders)
  if uri and #known == 0 then
    local folder = { uri = uri, name = current.root_dir }
    table.insert(client.workspace_folders, folder)
    M.wait_for(START_MS, function()
      return client.initialized
    end, function()
      call(client, 'notify', 'workspace/didChangeWorkspaceFolders', { event = { added = { folder }, removed = {} } })
    end)
  end
  return true
end

--- Stop the server and start it again for every buffer that it had, or could have.
function M.restart()
  local stopping = all_clients()
  for _, client in ipairs(stopping) do
    call(client, 'stop')
  end
  local function running()
    return vim.tbl_filter(function(client)
      return vim.lsp.get_client_by_id(client.id) ~= nil
    end, stopping)
  end
  M.wait_for(STOP_MS, function()
    return #running() == 0
  end, function()
    for _, client in ipairs(running()) do
      call(client, 'stop', true)
    end
    local problem = M.start_everywhere()
    if problem then
      tell.warn(problem)
    else
      tell.info('the server was started again')
    end
  end)
end

--- Start a server for every loaded buffer that the configuration is meant for.
---@return string? problem the last one
function M.start_everywhere()
  local filetypes = config.current().filetypes
  local problem = 'no open file is in a git work tree'
  for _, buffer in ipairs(api.nvim_list_bufs()) do
    local wanted = api.nvim_buf_is_loaded(buffer) and vim.bo[buffer].buftype == '' and vim.bo[buffer].filetype ~= ''
    wanted = wanted and (not filetypes or vim.tbl_contains(filetypes, vim.bo[buffer].filetype))
    if wanted and config.root(api.nvim_buf_get_name(buffer)) then
      problem = M.start(buffer)
    end
  end
  return problem
end

--- Call `on_end` with what `found` gives, as soon as it gives something, or with nil after `wait_ms`.
---@param wait_ms integer
---@param found fun(): any
---@param on_end fun(found: any)
function M.wait_for(wait_ms, found, on_end)
  local result = found()
  if result or wait_ms <= 0 then
    on_end(result or nil)
  else
    vim.defer_fn(function()
      M.wait_for(wait_ms - POLL_MS, found, on_end)
    end, POLL_MS)
  end
end

return M
