// `npm test [-- FILE …]`: installs what is missing, then runs the tests on Node 26. Itself runs on any Node >= 20.
import { spawn } from 'node:child_process'
import { ensureInstalled, node, root } from './install.mjs'

ensureInstalled()
const child = spawn(node, ['scripts/run-tests.mjs', ...process.argv.slice(2)], { cwd: root, stdio: 'inherit' })
child.on('exit', (code) => (process.exitCode = code ?? 1))
