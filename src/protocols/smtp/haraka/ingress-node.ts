/** The ingress process as our plugins see it: its settings, the link to core and the ways into each core. One per process. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { Link } from '../link.ts'
import { connectCores, type Cores } from './cores.ts'
import type { KeptBudget } from './kept-message.ts'
import type { PluginSettings } from './settings.ts'

export interface IngressNode {
  readonly settings: PluginSettings
  /** To whichever core answers. */
  readonly link: Link
  readonly cores: Cores
  readonly budget: KeptBudget
  /** Messages between the end of their DATA and their reply: a stop waits for them. */
  inHand: number
}

let node: IngressNode | null = null

export function openIngressNode(home: string): IngressNode {
  const settings = JSON.parse(readFileSync(path.join(home, 'config', 'congvu.json'), 'utf8')) as PluginSettings
  const cores = connectCores({
    settings,
    onLinked: (linked) => void process.send?.({ event: 'congvu.link', linked }),
  })
  node = { settings, link: cores.link, cores, budget: { heldBytes: 0, maxHeldBytes: settings.limits.maxHeldBytes }, inHand: 0 }
  return node
}

export function ingressNode(): IngressNode {
  if (node === null) throw new Error('the ingress node is not open')
  return node
}
