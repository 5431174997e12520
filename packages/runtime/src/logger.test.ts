import assert from 'node:assert/strict'
import { it } from 'node:test'
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

function capture(level: 'info' | 'warn' = 'info') {
  const written: string[] = []
  const destination = { write: (line: string): void => void written.push(line) }
  return {
    log: createLogger('engine', { level, processId: 'p', destination }),
    lines: () => written.map((line) => JSON.parse(line) as Record<string, unknown>),
  }
}
