/**
 * DKIM keys in the data folder, made when a domain first sends: RSA of 2048 bits, which everybody verifies (RFC 8301), and
 * Ed25519 beside it (RFC 8463), under a selector of its own. The DNS records stand in `dns.txt` beside the keys.
 *
 * Invariants: a key that is there is never made anew, also by two processes at once; only the owner can read it; it is
 * on the disk before anything is signed with it.
 */
import { createPrivateKey, createPublicKey, generateKeyPair, randomUUID, type KeyObject } from 'node:crypto'
import { link, mkdir, open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

export interface DkimKey {
  readonly selector: string
  readonly algorithm: 'rsa-sha256' | 'ed25519-sha256'
  /** PEM, PKCS #8. */
  readonly privateKey: string
}

export interface DkimRecord {
  /** Full name without the last dot. */
  readonly name: string
  readonly text: string
}

const domainForm = /^(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/

/** Reads the keys of a domain (lower case), and makes those that are missing. */
export async function dkimKeys(directory: string, domain: string, selector: string): Promise<readonly DkimKey[]> {
  if (!domainForm.test(domain)) throw new Error(`no domain to sign for: ${JSON.stringify(domain.slice(0, 100))}`)
  const folder = join(directory, domain)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const keys: DkimKey[] = [
    { selector, algorithm: 'rsa-sha256', privateKey: await ensureKey(join(folder, `${selector}.rsa.pem`), makeRsa) },
    { selector: `${selector}-ed`, algorithm: 'ed25519-sha256', privateKey: await ensureKey(join(folder, `${selector}.ed25519.pem`), makeEd25519) },
  ]
  await putOnce(join(folder, `${selector}.dns.txt`), zoneText(domain, keys), 0o644)
  return keys
}

/** What must be published for the keys to be worth anything (RFC 6376 §3.6.1). */
export function dkimRecords(domain: string, keys: readonly DkimKey[]): readonly DkimRecord[] {
  return keys.map(({ selector, algorithm, privateKey }) => {
    const publicKey = createPublicKey(createPrivateKey(privateKey)).export({ type: 'spki', format: 'der' })
    // RFC 8463 §4: the 32 bytes of the key alone.
    const text = algorithm === 'rsa-sha256' ? `v=DKIM1; k=rsa; p=${publicKey.toString('base64')}` : `v=DKIM1; k=ed25519; p=${publicKey.subarray(-32).toString('base64')}`
    return { name: `${selector}._domainkey.${domain}`, text }
  })
}

/** A text of DNS has at most 255 bytes; a record may have several (RFC 1035 §3.3.14). */
function zoneText(domain: string, keys: readonly DkimKey[]): string {
  return dkimRecords(domain, keys)
    .map(({ name, text }) => `${name}. IN TXT ( ${text.match(/.{1,250}/g)!.map((piece) => `"${piece}"`).join(' ')} )\n`)
    .join('')
}

async function ensureKey(file: string, make: () => Promise<KeyObject>): Promise<string> {
  const found = await readIfThere(file)
  if (found !== null) return found
  const pem = (await make()).export({ type: 'pkcs8', format: 'pem' }) as string
  return await putOnce(file, pem, 0o600)
}

async function readIfThere(file: string): Promise<string | null> {
  return await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
}

/** Writes the file, durably, unless it is there. Answers what stands in it. */
async function putOnce(file: string, content: string, mode: number): Promise<string> {
  const next = `${file}.${randomUUID()}.new`
  const handle = await open(next, 'w', mode)
  try {
    await handle.writeFile(content)
    await handle.sync()
  } finally {
    await handle.close()
  }
  try {
    // Unlike a rename, a link never replaces what another process has put there meanwhile.
    await link(next, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    await rm(next, { force: true })
  }
  await syncFolder(file)
  return await readFile(file, 'utf8')
}

async function syncFolder(file: string): Promise<void> {
  const handle = await open(join(file, '..'), 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

const generate = promisify(generateKeyPair)

async function makeRsa(): Promise<KeyObject> {
  return (await generate('rsa', { modulusLength: 2048 })).privateKey
}

async function makeEd25519(): Promise<KeyObject> {
  return (await generate('ed25519')).privateKey
}
