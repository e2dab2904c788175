/**
 * The replica set of a province (config/province/mongo-setup.js, docs/operate.md): the settings by which it outlives its primary are
 * those that the fault tests run with.
 */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { describe, test } from 'node:test'
import { runInNewContext } from 'node:vm'
import { replicaSetSettings } from '../../support/mongo-server.ts'

const root = resolve(import.meta.dirname, '../../..')
const tested = JSON.stringify(replicaSetSettings)

describe('settings of the replica set', () => {
  test('mongo-setup.js makes a set as the fault tests have it', async () => {
    const script = await readFile(`${root}/config/province/mongo-setup.js`, 'utf8')
    const made: string[] = []
    const database = { getUser: () => ({ user: 'congvu' }) }
    runInNewContext(script, {
      require: () => ({ readFileSync: () => 'x' }),
      process: { env: {} },
      print: () => undefined,
      db: { hello: () => ({ isWritablePrimary: true }), getSiblingDB: () => database },
      rs: {
        status: () => {
          throw Object.assign(new Error('not yet initiated'), { code: 94 })
        },
        initiate: ({ settings }: { settings: object }) => made.push(JSON.stringify(settings)),
      },
    })
    assert.deepEqual(made, [tested])
  })

  test('the manual gives an older set the same', async () => {
    const given = /Object\.assign\(config\.settings, (\{.*\})\)/.exec(await readFile(`${root}/docs/operate.md`, 'utf8'))
    assert.equal(JSON.stringify(runInNewContext(`(${given?.[1]})`)), tested)
  })
})
