// Runs the tests of this folder inside of VS Code's extension host, and prints one line of JSON for each.
'use strict'

const { readdirSync } = require('node:fs')
const { join } = require('node:path')

exports.run = async () => {
  for (const file of readdirSync(__dirname).filter((name) => name.endsWith('.test.js')).sort()) {
    for (const [name, test] of Object.entries(require(join(__dirname, file)))) {
      let problem = null
      try {
        await test()
      } catch (error) {
        problem = String(error?.stack ?? error)
      }
      console.log('codewm-test ' + JSON.stringify({ name, problem }))
    }
  }
}
