/** neomutt: a working day in the terminal (support/mutt-day.ts). */
import { muttDay } from './support/mutt-day.ts'

muttDay('neomutt', { batchCopy: false })
