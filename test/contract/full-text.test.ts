/** The contract of full-text indexes, on each of them; and on a plain one in memory, so that the contract itself is checked. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openFts5 } from '../../src/adapters/fts5/full-text.ts'
import { MemoryFullText } from '../support/memory-full-text.ts'
import { TurnedClock } from '../support/store-place.ts'
import { fullTextContract } from './full-text.ts'

fullTextContract(
  'SQLite FTS5',
  async () => {
    const directory = await mkdtemp(join(tmpdir(), 'congvu-full-text-'))
    const clock = new TurnedClock()
    return { clock, open: () => openFts5({ directory, clock, maxOpen: 3 }), remove: () => rm(directory, { recursive: true, force: true }) }
  },
  true,
)

fullTextContract(
  'in memory',
  async () => {
    const clock = new TurnedClock()
    return { clock, open: async () => new MemoryFullText(() => clock.nowMs()), remove: async () => undefined }
  },
  false,
)
