/**
 * The main file of the ingress process: prepares Haraka, starts it, and ends it. `supervise.ts` runs it with the home folder
 * as its one argument and with an IPC channel, whose end means that core is gone.
 */
import { createRequire } from 'node:module'
import { openIngressNode } from './ingress-node.ts'

/** A stop lets messages get their replies; the supervisor kills after 4 s. */
const stopWithinMs = 3_500
/** Core is gone and takes nothing any more: its clients are told, and that is all. */
const orphanedWithinMs = 500

const home = process.argv[2]!
process.env.HARAKA = home
const node = openIngressNode(home)

// Haraka reads HARAKA when it is loaded, so it is loaded only now.
const { changeConnections } = await import('./connection-changes.ts')
const { limitClients } = await import('./client-limits.ts')
const { harakaServer } = await import('./haraka.ts')
const { hangUpIdle } = await import('./plugins/connect-limits.ts')
const { reportsSent, stopSending } = await import('./plugins/outbound.ts')
changeConnections()
limitClients()
createRequire(import.meta.url)('haraka/haraka.js')

let stopping = false

async function stop(withinMs: number, atWork: () => boolean): Promise<void> {
  if (stopping) return
  stopping = true
  harakaServer.stopListeners()
  stopSending()
  hangUpIdle()
  const deadlineMs = performance.now() + withinMs
  while (performance.now() < deadlineMs && atWork()) {
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  node.cores.closeDelivery()
  node.link.close()
  harakaServer.performShutdown()
}

process.on('SIGTERM', () => void stop(stopWithinMs, () => node.inHand > 0 || !reportsSent()))
// What goes out now cannot be told to anybody, and would be sent again by the next core: it is cut off.
process.on('disconnect', () => void stop(orphanedWithinMs, () => node.inHand > 0))
