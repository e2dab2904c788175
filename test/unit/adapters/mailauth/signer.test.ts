/** Keys that are made once and kept; signatures, and what is refused. */
import assert from 'node:assert/strict'
import { mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { dkimKeys, dkimRecords } from '../../../../src/adapters/mailauth/dkim-keys.ts'
import { createDkimSigner } from '../../../../src/adapters/mailauth/signer.ts'
import { isMailError } from '../../../../src/core/errors.ts'

let directory: string
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'congvu-dkim-'))
})
after(() => rm(directory, { recursive: true }))

const message = Buffer.from('From: an@so.congvu.test\r\nSubject: x\r\n\r\nhello\r\n')
const tagsOf = (signatures: Uint8Array): string[] => [...Buffer.from(signatures).toString().matchAll(/\b(a|d|s)=([^;]+);/g)].map(([, tag, value]) => `${tag}=${value}`)

describe('dkimKeys', () => {
  it('makes each key once, whoever asks at the same time, and reads it from then on', async () => {
    const all = await Promise.all(Array.from({ length: 4 }, () => dkimKeys(directory, 'a.congvu.test', 'cv')))
    for (const keys of all) assert.deepEqual(keys, all[0])
    assert.deepEqual(await dkimKeys(directory, 'a.congvu.test', 'cv'), all[0])
    assert.deepEqual((await readdir(join(directory, 'a.congvu.test'))).toSorted(), ['cv.dns.txt', 'cv.ed25519.pem', 'cv.rsa.pem'])
  })

  it('lets only the owner read them', async () => {
    assert.equal((await stat(join(directory, 'a.congvu.test'))).mode & 0o777, 0o700)
    assert.equal((await stat(join(directory, 'a.congvu.test', 'cv.rsa.pem'))).mode & 0o777, 0o600)
  })

  it('writes the records to publish, in texts that DNS can hold', async () => {
    const zone = await readFile(join(directory, 'a.congvu.test', 'cv.dns.txt'), 'utf8')
    assert.match(zone, /^cv\._domainkey\.a\.congvu\.test\. IN TXT \( "v=DKIM1; k=rsa; p=[^"]+" "[^"]+" \)\n/)
    assert.match(zone, /\ncv-ed\._domainkey\.a\.congvu\.test\. IN TXT \( "v=DKIM1; k=ed25519; p=[A-Za-z0-9+/]{43}=" \)\n$/)
    assert.ok([...zone.matchAll(/"([^"]*)"/g)].every(([, text]) => text!.length <= 255))
    const records = dkimRecords('a.congvu.test', await dkimKeys(directory, 'a.congvu.test', 'cv'))
    assert.equal([...zone.matchAll(/"([^"]*)"/g)].map(([, text]) => text).join(''), records.map(({ text }) => text).join(''))
  })

  for (const domain of ['', 'localhost', '../etc', 'a..b', 'A.congvu.test', `${'a'.repeat(64)}.test`]) {
    it(`makes none for ${JSON.stringify(domain)}`, () => assert.rejects(dkimKeys(directory, domain, 'cv'), /no domain to sign for/))
  }
})

describe('createDkimSigner', () => {
  it('signs with both keys of the domain, or with those of the domain above it', async () => {
    await using own = createDkimSigner({ directory, selector: 'cv', domain: null })
    assert.deepEqual(tagsOf(await own.sign('A.congvu.test', message)).toSorted(), ['a=ed25519-sha256', 'a=rsa-sha256', 'd=a.congvu.test', 'd=a.congvu.test', 's=cv', 's=cv-ed'])
    await using shared = createDkimSigner({ directory, selector: 'cv', domain: 'congvu.test' })
    assert.ok(tagsOf(await shared.sign('a.congvu.test', message)).includes('d=congvu.test'))
    assert.ok(tagsOf(await shared.sign('a.notcongvu.test', message)).includes('d=a.notcongvu.test'))
  })

  it('keeps messages apart that are signed together', async () => {
    await using signer = createDkimSigner({ directory, selector: 'cv', domain: null })
    const bodies = Array.from({ length: 20 }, (_, i) => Buffer.concat([message, Buffer.from(`${i}\r\n`)]))
    const hashes = (await Promise.all(bodies.map((body) => signer.sign('a.congvu.test', body)))).map((signatures) => /bh=([^;]+);/.exec(Buffer.from(signatures).toString())![1])
    assert.equal(new Set(hashes).size, bodies.length)
  })

  it('refuses for now what it cannot sign: a broken key, no domain', async () => {
    await using signer = createDkimSigner({ directory, selector: 'broken', domain: null })
    await signer.sign('b.congvu.test', message)
    await writeFile(join(directory, 'b.congvu.test', 'broken.rsa.pem'), 'no key')
    await using anew = createDkimSigner({ directory, selector: 'broken', domain: null })
    await assert.rejects(anew.sign('b.congvu.test', message), (error) => isMailError(error, 'unavailable'))
    await assert.rejects(signer.sign('nowhere', message), (error) => isMailError(error, 'unavailable'))
  })

  it('leaves unsigned what names no author', async () => {
    await using signer = createDkimSigner({ directory, selector: 'cv', domain: null })
    assert.equal((await signer.sign('a.congvu.test', Buffer.from('Subject: x\r\n\r\n'))).length, 0)
  })

  it('has ended when it was told to', async () => {
    const signer = createDkimSigner({ directory, selector: 'cv', domain: null })
    await signer.sign('a.congvu.test', message)
    await signer[Symbol.asyncDispose]()
    await assert.rejects(signer.sign('a.congvu.test', message), (error) => isMailError(error, 'unavailable'))
  })
})
