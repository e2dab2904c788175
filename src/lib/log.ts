/** pino, one root per process; a child per session (design §5.15). Secrets never reach it: fields named below are masked. */
import { pino, type Logger } from 'pino'

export type { Logger }

const masked = ['password', 'passwordHash', 'token', 'secret', 'authorization', '*.password', '*.passwordHash', '*.token', '*.secret', '*.authorization']

/** JSON lines on standard error; standard output is for what a person or a script asked for. */
export function createLog(level: string): Logger {
  return pino(
    { level, base: null, timestamp: () => `,"time":"${new Date().toISOString()}"`, redact: { paths: masked, censor: '***' } },
    pino.destination({ fd: 2, sync: true }),
  )
}
