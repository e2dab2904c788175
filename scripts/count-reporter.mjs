// Counts the results of one `node --test` run as JSON; tests and not the files or suites that hold them.
export default async function* countReporter(source) {
  const counts = { passed: 0, failed: 0, skipped: 0 }
  for await (const event of source) {
    if (event.type !== 'test:pass' && event.type !== 'test:fail') continue
    if (event.data.details?.type === 'suite') continue
    if (event.data.skip !== undefined && event.data.skip !== false) counts.skipped += 1
    else if (event.type === 'test:pass') counts.passed += 1
    else counts.failed += 1
  }
  yield JSON.stringify(counts)
}
