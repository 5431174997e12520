import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, constants, existsSync, mkdtempSync, openSync, readSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { it } from 'node:test'
import { logOutput } from './log-output.ts'
import { createLogger } from './logger.ts'
import { ServiceError } from './service-error.ts'

it('a line is JSON in snake_case with the service, its process and the fields of its logger', () => {
  const { log, lines } = capture()
  log.child({ executionId: 'e', traceId: 't' }).info({ retryMs: 5 }, 'moved')
  const [line] = lines()
  assert.deepEqual(
    { ...line, time: undefined, pid: undefined },
    {
      level: 'info',
      service: 'engine',
      process_id: 'p',
      execution_id: 'e',
      trace_id: 't',
      retry_ms: 5,
      message: 'moved',
      time: undefined,
      pid: undefined,
    },
  )
  assert.match(String(line?.['time']), /^\d{4}-\d\d-\d\dT.*Z$/)
})

it('an error is written with its cause', () => {
  const { log, lines } = capture()
  const error = new ServiceError('stale', 'moved', { cause: new Error('version 3') })
  log.error({ error }, 'failed')
  const written = lines()[0]?.['error'] as { code: string; stack: string }
  assert.equal(written.code, 'stale')
  assert.match(written.stack, /caused by: Error: version 3/)
})

it('what is less severe than its level is not written', () => {
  const { log, lines } = capture('warn')
  log.info('no')
  log.child({ a: 1 }).debug({ b: 2 }, 'no')
  log.warn('yes')
  assert.deepEqual(
    lines().map((line) => line['message']),
    ['yes'],
  )
})

it(
  'a log that takes nothing more stops nobody, not even in the last words',
  { skip: existsSync('/dev/full') ? false : 'this system has no /dev/full' },
  async () => {
    const source = `import { createLogger } from ${JSON.stringify(new URL('logger.ts', import.meta.url).href)}
      process.on('uncaughtException', (error) => { console.error(error.code); process.exit(1) })
      const log = createLogger('test')
      log.info('one')
      setTimeout(() => { log.fatal('two'); console.error('lives') }, 50)`
    const full = openSync('/dev/full', 'w')
    const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
      stdio: ['ignore', full, 'pipe'],
      timeout: 20_000,
      killSignal: 'SIGKILL',
    })
    closeSync(full)
    assert.ok(child.stderr)
    const [told, [code]] = await Promise.all([text(child.stderr), once(child, 'close')])
    assert.deepEqual({ told, code: code as unknown }, { told: 'lives\n', code: 0 })
  },
)

it('lines that found no room are counted, and told when there is room again', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-log-'))
  try {
    execFileSync('mkfifo', [join(folder, 'pipe')])
    const pipe = openSync(join(folder, 'pipe'), constants.O_RDWR | constants.O_NONBLOCK)
    const output = logOutput(pipe, (count) => `lost ${count}\n`)
    const long = `${'x'.repeat(100_000)}\n` // more than a pipe holds
    for (const line of [long, 'second\n', 'third\n']) output.write(line)
    const torn = drain(pipe)
    assert.match(torn, /^x+$/)
    output.write('fourth\n')
    assert.equal(drain(pipe), '\nlost 3\nfourth\n')
    output.write('fifth\n')
    assert.equal(drain(pipe), 'fifth\n')
    closeSync(pipe)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

/** All that a pipe holds. */
function drain(pipe: number): string {
  const bytes = Buffer.alloc(200_000)
  let length = 0
  for (;;) {
    try {
      length += readSync(pipe, bytes, length, bytes.length - length, null)
    } catch {
      return bytes.toString('utf8', 0, length)
    }
  }
}

function capture(level: 'info' | 'warn' = 'info') {
  const written: string[] = []
  const destination = { write: (line: string): void => void written.push(line) }
  return {
    log: createLogger('engine', { level, processId: 'p', destination }),
    lines: () => written.map((line) => JSON.parse(line) as Record<string, unknown>),
  }
}
