import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { after, every, monotonicMs, now, sleep } from './clock.ts'

describe('the clock', () => {
  it('sleeps no shorter than told', async () => {
    const [startedAt, started] = [now(), monotonicMs()]
    await sleep(20)
    assert.ok(now() - startedAt >= 19)
    assert.ok(monotonicMs() - started >= 19)
  })

  it('wakes with the reason of its signal', async () => {
    const abort = new AbortController()
    const slept = sleep(60_000, abort.signal)
    abort.abort(new Error('enough'))
    await assert.rejects(slept, /enough/)
    await assert.rejects(sleep(60_000, abort.signal), /enough/)
  })

  it('does not fire what was cancelled, nor early what is further than a timer reaches', async () => {
    const fired: string[] = []
    after(1, () => fired.push('cancelled')).cancel()
    const far = after(2 ** 31 + 1_000, () => fired.push('far'))
    after(0, () => fired.push('soon'))
    await sleep(10)
    far.cancel()
    assert.deepEqual(fired, ['soon'])
  })

  it('repeats until cancelled', async () => {
    let count = 0
    await new Promise<void>((resolve) => {
      const timer = every(1, () => {
        count += 1
        if (count === 3) {
          timer.cancel()
          resolve()
        }
      })
      // An interval does not keep the process alive, this does.
      after(1_000, resolve).unref()
      void sleep(50)
    })
    assert.equal(count, 3)
  })
})
