/** The ingress process as our plugins see it: its settings, the link to core, the LMTP connections. One per process. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { connectLink, type Link } from '../link.ts'
import type { KeptBudget } from './kept-message.ts'
import { createLmtpPool, type LmtpPool } from './lmtp-client.ts'
import type { PluginSettings } from './settings.ts'

export interface IngressNode {
  readonly settings: PluginSettings
  readonly link: Link
  readonly lmtp: LmtpPool
  readonly budget: KeptBudget
  /** Messages between the end of their DATA and their reply: a stop waits for them. */
  inHand: number
}

let node: IngressNode | null = null

export function openIngressNode(home: string): IngressNode {
  const settings = JSON.parse(readFileSync(path.join(home, 'config', 'congvu.json'), 'utf8')) as PluginSettings
  node = {
    settings,
    link: connectLink({ ...settings.link, node: settings.node }),
    lmtp: createLmtpPool({ ...settings.lmtp, hostname: settings.hostname }),
    budget: { heldBytes: 0, maxHeldBytes: settings.limits.maxHeldBytes },
    inHand: 0,
  }
  return node
}

export function ingressNode(): IngressNode {
  if (node === null) throw new Error('the ingress node is not open')
  return node
}
