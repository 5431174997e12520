import assert from 'node:assert/strict'
import { it } from 'node:test'
import { createMetrics } from './metrics.ts'
import { opsServer } from './ops-server.ts'

it('tells whether it lives, whether it is ready, and its metrics', async () => {
  const metrics = createMetrics('engine')
  metrics.counter('moves_total', 'Moves', ['to']).inc({ to: 'AT_ENGINE' }, 2)
  metrics.counter('moves_total', 'Moves', ['to']).inc({ to: 'AT_ENGINE' })
  metrics.histogram('commit_seconds', 'Commits').observe(0.002)
  assert.throws(() => metrics.gauge('moves_total', 'Moves'), /another kind/)

  let ready: () => boolean | Promise<boolean> = () => true
  await using server = await opsServer({ metrics, ready: () => ready() })
  const get = async (path: string): Promise<[number, string]> => {
    const response = await fetch(`http://127.0.0.1:${server.port}${path}`)
    return [response.status, await response.text()]
  }

  assert.deepEqual(await get('/alive'), [200, 'alive\n'])
  assert.deepEqual(await get('/ready?verbose'), [200, 'ready\n'])
  ready = () => Promise.resolve(false)
  assert.deepEqual(await get('/ready'), [503, 'not ready\n'])
  ready = () => {
    throw new Error('no')
  }
  assert.deepEqual(await get('/ready'), [503, 'not ready\n'])
  assert.equal((await get('/alive'))[0], 200)
  assert.equal((await get('/etc/passwd'))[0], 404)

  const [status, text] = await get('/metrics')
  assert.equal(status, 200)
  assert.match(text, /^millrace_moves_total\{to="AT_ENGINE",service="engine"\} 3$/m)
  assert.match(text, /^millrace_commit_seconds_bucket\{le="0.0025",service="engine"\} 1$/m)
  assert.match(text, /^nodejs_eventloop_lag_seconds/m)
})
