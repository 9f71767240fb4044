-- For |vim.lsp.enable()|; |vim.lsp.config()| changes it.
return require('codewm.config').defaults()
