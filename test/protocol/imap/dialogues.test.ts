/** Every dialogue of the folder `dialogues`, each on a fresh store; its first remark says what it shows. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { runDialogue } from '../../support/imap-dialogue.ts'
import { openImapRig } from '../../support/imap-rig.ts'

const folder = join(import.meta.dirname, 'dialogues')

for (const file of readdirSync(folder).filter((name) => name.endsWith('.txt')).sort()) {
  const text = readFileSync(join(folder, file), 'utf8')
  const remark = /^# (.*)$/m.exec(text)?.[1] ?? file
  test(`${file.replace('.txt', '')}: ${remark}`, { timeout: 30_000 }, async () => {
    await using rig = await openImapRig()
    await runDialogue(text, rig)
  })
}
