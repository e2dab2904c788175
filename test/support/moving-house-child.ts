/** The process of a move that is killed (moving-house.ts): tells each step on standard output. */
import { writeSync } from 'node:fs'
import type { SliceSize } from '../../src/core/ports/store-copy.ts'
import { move, type HousePlace } from './moving-house.ts'

const { from, to, size } = JSON.parse(process.argv[2]!) as { readonly from: HousePlace; readonly to: HousePlace; readonly size: SliceSize }

await move(from, to, { size, clock: { nowMs: () => Date.now() }, onProgress: ({ stage, part, done, resumed }) => writeSync(1, `${stage} ${part} ${done} ${resumed}\n`) })
