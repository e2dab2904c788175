import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { openSqliteStore } from '../../../../src/adapters/sqlite/store.ts'
import { isMailError } from '../../../../src/core/errors.ts'
import { clock, makeFolder, openPlace } from './place.ts'

const storeModule = fileURLToPath(new URL('../../../../src/adapters/sqlite/store.ts', import.meta.url))

test('a second store on one folder is refused while the first is open', async () => {
  await using place = await openPlace()
  const { directory } = place.folder
  await assert.rejects(openSqliteStore({ directory, clock }), (error) => isMailError(error, 'unavailable'))
  await place.store.ready()
})

test('another process is refused, and the lock of one that was killed is free', async () => {
  await using folder = await makeFolder()
  const { directory } = folder
  const script = `
    const { openSqliteStore } = await import(${JSON.stringify(storeModule)})
    const store = await openSqliteStore({ directory: ${JSON.stringify(directory)}, clock: { nowMs: () => Date.now() } })
    await store.putSetting('kept', 'yes')
    console.log('open')`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = (await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])) as [unknown]
  assert.equal(String(line), 'open\n')
  await assert.rejects(openSqliteStore({ directory, clock }), (error) => isMailError(error, 'unavailable'))
  child.kill('SIGKILL')
  await once(child, 'exit')
  await using store = await openSqliteStore({ directory, clock })
  assert.equal(await store.setting('kept'), 'yes')
})
