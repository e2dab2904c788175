/**
 * `congvu migrate-store`: moves everything from the embedded store to the province's, or back, while no server runs. It works on the
 * stores itself and asks no server; a run that was killed is gone on with by the same command.
 */
import { progressTeller } from '../progress.ts'
import type { StoreKind, StoreMoveReport } from '../store-move.ts'
import { UsageError } from '../usage-error.ts'
import { text, type CliCommand, type OptionValues } from './command.ts'

const kinds: readonly StoreKind[] = ['sqlite', 'mongo']

const stages: Readonly<Record<string, string>> = {
  rows: 'chép / copying',
  'check-rows': 'đối chiếu / comparing',
  'check-bodies': 'đọc lại nội dung thư / reading bodies back',
}

export const migrateStore: CliCommand = {
  name: 'migrate-store',
  synopsis: '--from sqlite|mongo --to mongo|sqlite',
  vietnamese: 'chuyển toàn bộ dữ liệu sang kho kia khi máy chủ đã dừng; bị ngắt thì chạy lại lệnh này; giữ UID, UIDVALIDITY, MODSEQ',
  english: 'moves everything to the other store while the server is stopped; if broken off, run it again; keeps UIDs, UIDVALIDITY, MODSEQ',
  positionals: [],
  options: { from: { type: 'string' }, to: { type: 'string' } },
  async run({ options, print, stderr, moveStore }) {
    const request = { from: kindOf(options, 'from'), to: kindOf(options, 'to') }
    if (request.from === request.to) throw new UsageError('--from và --to phải khác nhau.', '--from and --to must differ.')
    if (moveStore === null) throw new UsageError('Không chuyển kho được từ đây.', 'No store can be moved from here.')
    const json = options['json'] === true
    const teller = progressTeller({ stream: stderr, json, nowMs: () => performance.now(), label: (stage) => stages[stage] ?? stage })
    let told = false
    try {
      const report = await moveStore(request, (progress) => {
        if (!told && !json && progress.resumed !== 'no') stderr.write(`${resumedText[progress.resumed]}\n`)
        told = true
        teller.tell(progress)
      })
      await print.answer({ ...report, ...request }, linesOf(report, request.to))
    } finally {
      teller.end()
    }
  },
}

const resumedText = {
  yes: 'Tiếp tục từ chỗ lần trước dừng. / Going on where the last run stopped.',
  again: 'Kho nguồn đã thay đổi từ lần trước: chép lại các dòng, giữ nội dung thư đã chép. / The source has changed since the last run: its rows are copied again, bodies stay.',
} as const

function kindOf(options: OptionValues, name: 'from' | 'to'): StoreKind {
  const given = text(options, name)
  const kind = kinds.find((one) => one === given)
  if (kind === undefined) throw new UsageError(`--${name}: phải là ${kinds.join(' hoặc ')}.`, `--${name}: expected ${kinds.join(' or ')}.`)
  return kind
}

function linesOf({ already, rows, hashes, bodies, bodyBytes }: StoreMoveReport, to: StoreKind): (readonly string[])[] {
  const next = to === 'mongo' ? 'store.kind = "mongo"' : 'store.kind = "embedded"'
  return [
    ...Object.entries(rows).map(([part, count]) => [part, String(count), hashes[part] ?? '']),
    ['bodies', String(bodies), `${bodyBytes} bytes`],
    [already ? 'Đã chuyển xong từ trước. / It had been finished before.' : 'Đã chuyển xong và đối chiếu khớp. / Moved, and compared equal.'],
    [`Đặt ${next} rồi khởi động máy chủ. / Set ${next}, then start the server.`],
  ]
}
