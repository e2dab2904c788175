// `npm start`: installs what is missing, then runs the server on Node 26 until Ctrl-C.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { ensureInstalled, node, root } from './install.mjs'

ensureInstalled()
// Threads and the ingress process then share what was compiled once: a faster start, and tens of MB less memory.
const env = { NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'compiled'), ...process.env }
const child = spawn(node, ['src/main.ts', 'serve', ...process.argv.slice(2)], { cwd: root, stdio: 'inherit', env })
// Ctrl-C reaches the child by the terminal; a signal to this process alone is passed on.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => (signal === 'SIGINT' && process.stdin.isTTY ? undefined : child.kill(signal)))
child.on('exit', (code, signal) => {
  process.exitCode = code ?? (signal === 'SIGINT' || signal === 'SIGTERM' ? 0 : 1)
})
