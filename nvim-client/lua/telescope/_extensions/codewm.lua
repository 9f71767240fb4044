-- `:Telescope codewm`, `:Telescope codewm predict`.
local function source(question)
  return function(options)
    require('codewm')[question]({
      show = function(list)
        require('codewm.pickers.telescope').show(list, options)
      end,
    })
  end
end

return require('telescope').register_extension({
  exports = { codewm = source('similar'), similar = source('similar'), predict = source('predict') },
})
