/** Sends the demo's messages: from outside through mail exchange, between officials through submission with AUTH. */
import SMTPConnection from 'nodemailer/lib/smtp-connection/index.js'
import type { DemoMessage } from './corpus.ts'

export interface Ports {
  readonly exchange: number
  readonly submission: number
}

/** One kept connection a lane, and one sign-in a message where it is submitted. Returns what was refused. */
export async function sendAll(messages: readonly DemoMessage[], ports: Ports, options: { readonly password: string; readonly lanes: number; readonly onSent: () => void }): Promise<string[]> {
  const refused: string[] = []
  const queue = [...messages]
  const lane = async (): Promise<void> => {
    for (let message = queue.shift(); message !== undefined; message = queue.shift()) {
      try {
        await sendOne(message, ports, options.password)
        options.onSent()
      } catch (error) {
        refused.push(`${message.kind} (${message.bytes.length} bytes, ${message.recipients.length} recipients): ${(error as Error).message}`)
      }
    }
  }
  await Promise.all(Array.from({ length: options.lanes }, lane))
  return refused
}

async function sendOne(message: DemoMessage, ports: Ports, password: string): Promise<void> {
  const connection = new SMTPConnection({
    host: '127.0.0.1',
    port: message.account === null ? ports.exchange : ports.submission,
    name: 'demo.example.vn',
    tls: { rejectUnauthorized: false },
    connectionTimeout: 20_000,
    socketTimeout: 60_000,
  })
  connection.on('error', () => connection.close())
  try {
    await step((done) => {
      connection.once('error', done)
      connection.connect(done)
    })
    if (message.account !== null) await step((done) => connection.login({ user: message.account!, pass: password }, done))
    const info = await step<{ rejected: string[] }>((done) => connection.send({ from: message.sender, to: [...message.recipients], use8BitMime: true }, message.bytes, done))
    if (info && info.rejected.length > 0) throw new Error(`refused for ${info.rejected.join(', ')}`)
  } finally {
    connection.quit()
    connection.close()
  }
}

function step<T>(run: (done: (error?: Error | null, value?: T) => void) => void): Promise<T | undefined> {
  return new Promise((resolve, reject) => run((error, value) => (error ? reject(error) : resolve(value))))
}
