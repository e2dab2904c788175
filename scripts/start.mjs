// `npm start`: installs what is missing, then runs the server on Node 26 until Ctrl-C.
import { spawn } from 'node:child_process'
import { ensureInstalled, node, root } from './install.mjs'

ensureInstalled()
const child = spawn(node, ['src/main.ts', 'serve', ...process.argv.slice(2)], { cwd: root, stdio: 'inherit' })
// Ctrl-C reaches the child by the terminal; a signal to this process alone is passed on.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => (signal === 'SIGINT' && process.stdin.isTTY ? undefined : child.kill(signal)))
child.on('exit', (code, signal) => {
  process.exitCode = code ?? (signal === 'SIGINT' || signal === 'SIGTERM' ? 0 : 1)
})
