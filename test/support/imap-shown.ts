/** Which tests show which capability: lines `# shows A B` of dialogues and `// shows A B` before tests of IMAP. */
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const tests = resolve(import.meta.dirname, '..')

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? filesBelow(join(folder, entry.name)) : [join(folder, entry.name)]))
}

/** Counts by the name of the table, e.g. `APPENDLIMIT`. */
export function shownCapabilities(): Map<string, number> {
  const files = [...filesBelow(join(tests, 'protocol/imap')), ...filesBelow(join(tests, 'hostile')).filter((file) => file.includes('imap-'))]
  const counts = new Map<string, number>()
  for (const file of files) {
    for (const [, names] of readFileSync(file, 'utf8').matchAll(/^(?:#|\/\/) shows (.+)$/gm)) {
      for (const name of names!.trim().split(/\s+/)) counts.set(name, (counts.get(name) ?? 0) + 1)
    }
  }
  return counts
}
