/** What CPU profiles say (V8's .cpuprofile): the functions that used most time themselves, by process or thread. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { tree } from './server.ts'

interface ProfileNode {
  readonly id: number
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number }
}

interface CpuProfile {
  readonly nodes: readonly ProfileNode[]
  readonly samples: readonly number[]
  /** Microseconds since the sample before. */
  readonly timeDeltas: readonly number[]
}

const shown = 30
/** Threads that did less say nothing. */
const leastBusyMs = 200

export function profileLines(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.cpuprofile'))
    .flatMap((name) => linesOf(name, JSON.parse(readFileSync(join(folder, name), 'utf8')) as CpuProfile))
}

function linesOf(name: string, { nodes, samples, timeDeltas }: CpuProfile): string[] {
  const frames = new Map(nodes.map((node) => [node.id, frameName(node)]))
  const ownMs = new Map<string, number>()
  for (const [index, id] of samples.entries()) {
    const frame = frames.get(id) ?? '(unknown)'
    ownMs.set(frame, (ownMs.get(frame) ?? 0) + (timeDeltas[index] ?? 0) / 1000)
  }
  ownMs.delete('(idle)')
  const busyMs = [...ownMs.values()].reduce((sum, ms) => sum + ms, 0)
  if (busyMs < leastBusyMs) return []
  const most = [...ownMs].toSorted((a, b) => b[1] - a[1]).slice(0, shown)
  return ['', `${name}: busy ${Math.round(busyMs)} ms`, ...most.map(([frame, ms]) => `${ms.toFixed(0).padStart(8)} ms ${((100 * ms) / busyMs).toFixed(1).padStart(5)} %  ${frame}`)]
}

function frameName({ callFrame: { functionName, url, lineNumber } }: ProfileNode): string {
  const name = functionName || '(anonymous)'
  if (url === '') return name
  return `${name}  ${url.startsWith('file:') ? relative(tree, fileURLToPath(url)) : url}:${lineNumber + 1}`
}
