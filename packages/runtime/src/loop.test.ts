import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { sleep } from './clock.ts'
import { loop } from './loop.ts'

const never = (error: unknown): never => assert.fail(error as Error)

describe('a loop', () => {
  it('runs at the start, then when asked for, and not after its end', async () => {
    let runs = 0
    const third = gate()
    const work = loop('work', {
      run: () => {
        runs += 1
        if (runs === 3) third.open()
        return Promise.resolve(runs < 3 ? 1 : undefined)
      },
      onError: never,
    })
    work.start()
    work.start()
    await third.opened
    await sleep(10)
    assert.equal(runs, 3)
    await work.stop()
    work.wake()
    await sleep(1)
    assert.equal(runs, 3)
  })

  it('runs at once when woken, and once more when woken during a run', async () => {
    const steps = [gate(), gate(), gate()]
    const goOn = gate()
    let runs = 0
    let atOnce = 0
    const work = loop('work', {
      async run() {
        atOnce += 1
        assert.equal(atOnce, 1, 'runs overlap')
        steps[runs]?.open()
        runs += 1
        if (runs === 2) await goOn.opened
        atOnce -= 1
        return 60_000
      },
      onError: never,
    })
    work.wake() // before the start: nothing
    work.start()
    await steps[0]?.opened
    work.wake()
    await steps[1]?.opened
    work.wake()
    work.wake()
    goOn.open()
    await steps[2]?.opened
    await sleep(5)
    assert.equal(runs, 3)
    await work.stop()
  })

  it('tries again after an error, a little later each time', async () => {
    const delays: number[] = []
    const third = gate()
    const work = loop('work', {
      run: () =>
        delays.length < 2 ? Promise.reject(new Error('no')) : Promise.resolve(third.open()),
      onError: (error, { name, retryMs }) => {
        assert.equal((error as Error).message, 'no')
        assert.equal(name, 'work')
        delays.push(retryMs)
      },
    })
    work.start()
    await third.opened
    await work.stop()
    const [first = 0, second = 0] = delays
    assert.ok(first >= 75 && first <= 125, `${first}`)
    assert.ok(second >= 150 && second <= 250, `${second}`)
  })

  it('waits for its run when stopped, and keeps what that throws to itself', async () => {
    const started = gate()
    let ended = false
    const work = loop('work', {
      async run(signal) {
        started.open()
        await sleep(60_000, signal).finally(() => (ended = true))
      },
      onError: never,
    })
    work.start()
    await started.opened
    await work.stop()
    assert.equal(ended, true)
  })
})

function gate(): { open: () => void; opened: Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { open: resolve, opened: promise }
}
