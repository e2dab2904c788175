import assert from 'node:assert/strict'
import { PassThrough, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import { runCli } from '../../../src/cli/cli.ts'
import { RefusedError } from '../../../src/cli/control-client.ts'
import type { MoveStore, StoreMoveRequest } from '../../../src/cli/store-move.ts'

const report = { already: false, rows: { accounts: 2, messages: 7 }, hashes: { accounts: 'aa', messages: 'bb' }, bodies: 5, bodyBytes: 900 }

async function run(args: string, moveStore?: MoveStore) {
  const stdout = new PassThrough()
  const stderr = new PassThrough()
  const exitCode = await runCli(['migrate-store', ...args.split(' ')], { socketPath: '/nowhere', stdin: Readable.from([]), stdout, stderr, env: {}, ...(moveStore !== undefined && { moveStore }) })
  stdout.end()
  stderr.end()
  return { exitCode, stdout: await text(stdout), stderr: await text(stderr) }
}

describe('congvu migrate-store', () => {
  it('asks for the move, tells how far it is, and answers with what was moved', async () => {
    const asked: StoreMoveRequest[] = []
    const move: MoveStore = async (request, onProgress) => {
      asked.push(request)
      onProgress({ stage: 'rows', part: 'messages', done: 7, total: 7, resumed: 'yes' })
      return report
    }
    const { exitCode, stdout, stderr } = await run('--from sqlite --to mongo', move)
    assert.equal(exitCode, 0)
    assert.deepEqual(asked, [{ from: 'sqlite', to: 'mongo' }])
    assert.match(stdout, /^accounts\t2\taa\nmessages\t7\tbb\nbodies\t5\t900 bytes\n.*compared equal\.\n.*store\.kind = "mongo"/)
    assert.match(stderr, /Going on where the last run stopped\.\nchép \/ copying: messages 7\/7\n/)
    const json = await run('--from mongo --to sqlite --json', move)
    assert.deepEqual(JSON.parse(json.stdout), { ...report, from: 'mongo', to: 'sqlite' })
    assert.deepEqual(JSON.parse(json.stderr), { progress: { stage: 'rows', part: 'messages', done: 7, total: 7, resumed: 'yes' } })
  })

  it('a refusal is told in both languages, with exit code 1', async () => {
    const refuse: MoveStore = () => Promise.reject(new RefusedError({ code: 'conflict', message_vi: 'Kho đích không trống.', message_en: 'the target holds something already', detail: { reason: 'target-not-empty' } }))
    const { exitCode, stdout, stderr } = await run('--from sqlite --to mongo', refuse)
    assert.deepEqual([exitCode, stdout], [1, ''])
    assert.equal(stderr, 'Kho đích không trống.\nthe target holds something already\n  reason: target-not-empty\n')
  })

  for (const wrong of ['--from sqlite', '--from sqlite --to sqlite', '--from sqlite --to mysql', '--from sqlite --to mongo x']) {
    it(`refuses: ${wrong}`, async () => assert.equal((await run(wrong, async () => report)).exitCode, 2))
  }
})
