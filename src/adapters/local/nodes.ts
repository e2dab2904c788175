/** The only node there is (port `Nodes`). */
import type { LivingNode, Nodes } from '../../core/ports/nodes.ts'

export function createLocalNodes(self: LivingNode): Nodes {
  return { living: async () => [self] }
}
