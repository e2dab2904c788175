/** A province whose bodies lie in an S3-type store: mail goes in and comes out again, and waits while the store is away. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import tls from 'node:tls'
import { ImapClient } from '../support/imap-client.ts'
import { startProvince, withoutNodes } from '../support/nodes.ts'
import { s3Region, s3Server } from '../support/s3-server.ts'
import { dataOf, dial } from '../support/smtp-dialogue.ts'

test('bodies in S3: kept once for many, read by pieces, refused for now while it is away', { skip: withoutNodes, timeout: 120_000 }, async () => {
  await using s3 = await s3Server()
  const folder = await mkdtemp(join(tmpdir(), 'congvu-s3-keys-'))
  const [accessKey, secretKey] = [join(folder, 'access'), join(folder, 'secret')]
  await writeFile(accessKey, `${s3.accessKey}\n`)
  await writeFile(secretKey, `${s3.secretKey}\n`)
  try {
    await using province = await startProvince({
      cores: 1,
      ingresses: 1,
      settings: {
        CONGVU_STORE__BODIES: 's3',
        CONGVU_S3__ENDPOINT: s3.endpoint,
        CONGVU_S3__REGION: s3Region,
        CONGVU_S3__BUCKET: s3.bucket,
        CONGVU_S3__PREFIX: 'tinh/',
        CONGVU_S3__ACCESS_KEY_FILE: accessKey,
        CONGVU_S3__SECRET_KEY_FILE: secretKey,
      },
    })
    const people = [await province.person('an'), await province.person('binh')]
    const text = 'Kính gửi các đồng chí, đề nghị báo cáo.\r\n'.repeat(20_000)
    const message = Buffer.from(`From: <ai@ngoai.example>\r\nSubject: lon\r\n\r\n${text}`)
    const send = async (): Promise<number> => {
      await using client = await dial(province.ingresses[0]!.smtp)
      return (await client.send({ from: 'ai@ngoai.example', to: people.map(({ address }) => address), data: dataOf(message) })).code
    }
    assert.equal(await send(), 250)
    assert.equal([...s3.objects.keys()].filter((key) => key.startsWith('tinh/bodies/')).length, 1)
    s3.fault = ({ method }) => (method === 'PUT' ? { status: 503, code: 'SlowDown' } : null)
    assert.equal(Math.floor((await send()) / 100), 4)
    s3.fault = () => null
    assert.equal(await send(), 250)
    for (const { address, password } of people) {
      const socket = tls.connect({ host: '127.0.0.1', port: province.cores[0]!.imap, rejectUnauthorized: false })
      await once(socket, 'secureConnect')
      const client = new ImapClient(socket)
      await client.line()
      await client.command(`LOGIN ${address} "${password}"`)
      assert.ok((await client.command('SELECT INBOX'))!.includes('* 2 EXISTS'))
      s3.calls.length = 0
      const piece = (await client.command('FETCH 1 BODY.PEEK[TEXT]<400000.43>'))!.join('\r\n')
      const bytes = message.subarray(message.indexOf('\r\n\r\n') + 4)
      assert.ok(Buffer.from(piece, 'latin1').includes(bytes.subarray(400_000, 400_043)))
      assert.ok(s3.calls.every(({ range }) => range !== null), 'not all of it was fetched')
      client.close()
    }
  } finally {
    await rm(folder, { recursive: true })
  }
})
