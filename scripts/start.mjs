// `npm start`: installs what is missing, then runs the server on Node 26 until Ctrl-C.
import { ensureInstalled, node, root } from './install.mjs'
import { runServer } from './launch.mjs'

ensureInstalled()
runServer(node, ['serve', ...process.argv.slice(2)], { cwd: root })
