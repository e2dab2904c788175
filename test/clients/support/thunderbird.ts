/**
 * Thunderbird on a screen of its own (Xvfb), its profile prepared by files as an administrator would roll it out: the account,
 * both servers, the certificate accepted by its fingerprint. Driven over Marionette (marionette.ts, thunderbird-actions.js).
 */
import { X509Certificate } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Person, RunningServer } from '../../support/running-server.ts'
import { type Marionette, openMarionette } from './marionette.ts'
import { openHome, type Started } from './program.ts'

const startWithinMs = 60_000
const quitWithinMs = 10_000
const idleWithinMs = 30_000
const maxShownLines = 60

export const thunderbirdPrograms = { thunderbird: 'thunderbird', Xvfb: 'xvfb' }

export interface Thunderbird extends AsyncDisposable {
  /** One of the functions of thunderbird-actions.js. */
  act<T = void>(action: string, ...args: readonly unknown[]): Promise<T>
  /**
   * Updates the mailbox and waits until Thunderbird idles in it. What comes during an update itself it may overlook until the next
   * one, so a test of IDLE begins here.
   */
  idle(mailbox: string): Promise<void>
  /** PNG of the main window. */
  picture(): Promise<Buffer>
  /** A file for it to attach; its path. */
  file(name: string, content: Buffer): Promise<string>
}

export async function startThunderbird(server: RunningServer, person: Person): Promise<Thunderbird> {
  await using open = new AsyncDisposableStack()
  const home = open.use(await openHome())
  const profile = home.path('profile')
  await home.write('profile/user.js', preferences(server, person))
  await home.write('profile/cert_override.txt', await acceptedCertificate(server))
  const screen = open.use(home.start('Xvfb', ['-displayfd', '1', '-screen', '0', '1280x900x24', '-nolisten', 'tcp']))
  await screen.output(/^\d+$/m)
  const display = /^(\d+)$/m.exec(screen.said())![1]!
  const program = open.use(home.start('thunderbird', ['--no-remote', '--marionette', '--remote-allow-system-access', '--profile', profile], { env: { DISPLAY: `:${display}`, MOZ_LOG: 'sync,IMAP:3', MOZ_LOG_FILE: home.path('imap') } }))
  await program.output(/Listening on port \d+/, startWithinMs)
  const port = Number(/Listening on port (\d+)/.exec(program.said())![1])
  const marionette = open.use(await openMarionette(port))
  const actions = await readFile(join(import.meta.dirname, 'thunderbird-actions.js'), 'utf8')
  const thunderbird = drive({ marionette, program, actions, write: home.write, dialogue: () => readFile(home.path('imap.moz_log'), 'utf8') })
  const closing = open.move()
  return {
    ...thunderbird,
    async [Symbol.asyncDispose]() {
      await using _everything = closing
      // In order, so that it writes nothing into a profile that is being removed; what hangs is ended by its group.
      await thunderbird.act('quit').catch((error: Error) => console.error(error.message))
      await Promise.race([program.ended, pause(quitWithinMs, undefined, { ref: false })])
    },
  }
}

interface Parts {
  readonly marionette: Marionette
  readonly program: Started
  readonly actions: string
  readonly write: (name: string, content: Buffer) => Promise<string>
  /** Thunderbird's own log of what it said to the IMAP server and heard. */
  readonly dialogue: () => Promise<string>
}

function drive({ marionette, program, actions, write, dialogue }: Parts): Omit<Thunderbird, typeof Symbol.asyncDispose> {
  const idles = async (mailbox: string): Promise<number> => (await dialogue()).split(`:S-${mailbox}:SendData: `).filter((text) => /^\d+ IDLE/.test(text)).length
  const thunderbird: Omit<Thunderbird, typeof Symbol.asyncDispose> = {
    async act<T>(action: string, ...args: readonly unknown[]) {
      try {
        return await marionette.script<T>(`${actions}\nreturn await actions.${action}(...args) ?? null`, args)
      } catch (error) {
        await keepPicture('failure', await marionette.picture().catch(() => null))
        const heard = lastLines(await dialogue().catch(() => ''), typeof args[0] === 'string' ? args[0] : '')
        throw new Error(`Thunderbird, ${action}(${JSON.stringify(args)}): ${(error as Error).message}\n--- IMAP\n${heard}\n${program.said().slice(-1_000)}`, { cause: error })
      }
    },
    async idle(mailbox) {
      const before = await idles(mailbox)
      await thunderbird.act('update', mailbox)
      const end = performance.now() + idleWithinMs
      while ((await idles(mailbox)) === before) {
        if (performance.now() > end) throw new Error(`Thunderbird does not idle in ${mailbox} within ${idleWithinMs} ms\n${lastLines(await dialogue(), mailbox)}`)
        await pause(50)
      }
    },
    picture: () => marionette.picture(),
    file: write,
  }
  return thunderbird
}

/** Of the log: only what went over the wire, without the time and thread before it; of that mailbox, where it was one's. */
function lastLines(dialogue: string, mailbox: string): string {
  const all = dialogue.split('\n').filter((line) => /:(SendData|CreateNewLineFromSocket): /.test(line))
  const own = all.filter((line) => line.includes(`:S-${mailbox}:`))
  const wire = own.length > 0 ? own : all
  return wire.slice(-maxShownLines).map((line) => line.replace(/^.*I\/IMAP /, '').slice(0, 200)).join('\n')
}

/** Into the folder that CONGVU_TEST_ARTIFACTS names; nowhere when it names none. */
export async function keepPicture(name: string, png: Buffer | null): Promise<void> {
  const folder = process.env['CONGVU_TEST_ARTIFACTS']
  if (folder !== undefined && folder !== '' && png !== null) await writeFile(join(folder, `thunderbird-${name}.png`), png)
}

/** For each port: the fingerprint (SHA-256) under which the person has accepted the self-signed certificate. */
async function acceptedCertificate(server: RunningServer): Promise<string> {
  const { fingerprint256 } = new X509Certificate(await readFile(server.certificateFile))
  const line = (port: number): string => `localhost:${port}:\tOID.2.16.840.1.101.3.4.2.1\t${fingerprint256}\t\n`
  return `# PSM Certificate Override Settings file\n${line(server.ports.imaps)}${line(server.ports.submissions)}`
}

function preferences(server: RunningServer, person: Person): string {
  const settings: Record<string, string | number | boolean> = {
    'mail.accountmanager.accounts': 'account1,account2',
    'mail.accountmanager.defaultaccount': 'account1',
    'mail.accountmanager.localfoldersserver': 'server2',
    'mail.account.account1.identities': 'id1',
    'mail.account.account1.server': 'server1',
    'mail.account.account2.server': 'server2',
    'mail.identity.id1.fullName': person.name,
    'mail.identity.id1.useremail': person.address,
    'mail.identity.id1.smtpServer': 'smtp1',
    'mail.identity.id1.compose_html': false,
    'mail.identity.id1.valid': true,
    'mail.server.server1.type': 'imap',
    'mail.server.server1.hostname': 'localhost',
    'mail.server.server1.port': server.ports.imaps,
    'mail.server.server1.userName': person.address,
    'mail.server.server1.name': 'Công Vụ',
    // TLS from the first byte, the plain password inside it.
    'mail.server.server1.socketType': 3,
    'mail.server.server1.authMethod': 3,
    'mail.server.server1.login_at_startup': false,
    'mail.server.server2.type': 'none',
    'mail.server.server2.hostname': 'Local Folders',
    'mail.server.server2.userName': 'nobody',
    'mail.smtpservers': 'smtp1',
    'mail.smtp.defaultserver': 'smtp1',
    'mail.smtpserver.smtp1.hostname': 'localhost',
    'mail.smtpserver.smtp1.port': server.ports.submissions,
    'mail.smtpserver.smtp1.try_ssl': 3,
    'mail.smtpserver.smtp1.authMethod': 3,
    'mail.smtpserver.smtp1.username': person.address,
    'marionette.port': 0,
    // Nothing that asks the person, and nothing that looks for the Internet.
    'app.update.enabled': false,
    'browser.safebrowsing.malware.enabled': false,
    'browser.safebrowsing.phishing.enabled': false,
    'datareporting.policy.bypassNotification': true,
    'datareporting.policy.dataSubmissionEnabled': false,
    'extensions.getAddons.cache.enabled': false,
    'extensions.update.enabled': false,
    'mail.compose.attachment_reminder': false,
    'mail.compose.warned_about_customize_from': true,
    'mail.rights.override': true,
    'mail.shell.checkDefaultClient': false,
    'mail.spotlight.firstRunDone': true,
    'mailnews.start_page.enabled': false,
    'network.captive-portal-service.enabled': false,
    'network.connectivity-service.enabled': false,
    'services.settings.server': 'data:,#remote-settings-dummy/v1',
  }
  return Object.entries(settings).map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`).join('')
}
