-- One command, <Plug> maps without keys, and the documents of past edits. Everything else is loaded when it is used.
if vim.g.loaded_codewm or vim.fn.has('nvim-0.9') == 0 then
  return
end
vim.g.loaded_codewm = 1

vim.api.nvim_create_user_command('CodeWM', function(arguments)
  require('codewm.command').run(arguments)
end, {
  nargs = '*',
  range = true,
  bang = true,
  bar = true,
  complete = function(lead, line)
    return require('codewm.command').complete(lead, line)
  end,
  desc = "Past edits of this repository's history",
})

vim.api.nvim_create_autocmd('BufReadCmd', {
  group = vim.api.nvim_create_augroup('codewm_documents', {}),
  pattern = 'codewm:/*',
  callback = function(event)
    require('codewm.documents').read(event.buf, event.match)
  end,
  desc = 'A file before or after a past edit',
})

for _, name in ipairs({ 'similar', 'predict', 'preview', 'pick', 'index', 'status' }) do
  vim.keymap.set('n', ('<Plug>(codewm-%s)'):format(name), ('<Cmd>CodeWM %s<CR>'):format(name))
end
vim.keymap.set('x', '<Plug>(codewm-similar)', ':CodeWM similar<CR>', { silent = true })
