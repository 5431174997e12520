import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import { startBench, type TestBench, type TestConnector } from './bench.ts'
import { createGates, type Gates } from './gates.ts'

/**
 * A connection that is paused and resumed while its attempt is under way is taken back by the process
 * that has it. Here that crosses what the process writes when the attempt is over.
 */
let bench: TestBench
let gates: Gates
let service: TestConnector

before(async () => {
  bench = await startBench()
})
beforeEach(async () => {
  gates = createGates()
  service = await bench.start({ drainMs: 100 }, { createDatabase: gates.createDatabase })
})
afterEach(() => service.stop())
after(() => bench[Symbol.asyncDispose]())

async function attempted(path: string, mode: 'get' | 'post') {
  const hold = bench.target.hold(path)
  const id = await bench.connection({ url: bench.target.url + path, mode: { mode_name: mode } })
  await hold.arrived
  return { id, hold }
}

/** Resumed while the refusal of `statement` is on its way to the process, which takes it back. */
async function takenBackBeforeTheRefusalOf(statement: string, id: string, over: () => void) {
  const refused = gates.close(`connections.${statement}`)
  await bench.request(id, 'pauseRequested')
  over()
  await refused.reached
  await bench.request(id, 'resumeRequested')
  await bench.dispatch(id)
  await bench.until(id, 'AT_ENGINE')
  refused.open()
}

test('its end is written once more', async () => {
  const { id, hold } = await attempted('/ended', 'post')
  await takenBackBeforeTheRefusalOf('endConnections', id, hold.release)
  await bench.until(id, 'ENDED_SUCCESS')
  assert.equal(bench.target.count('/ended'), 1)
})

test('its next attempt is made', async () => {
  const { id, hold } = await attempted('/status/429', 'get')
  await takenBackBeforeTheRefusalOf('nextAttempt', id, hold.release)
  await bench.until(id, 'ENDED_ERROR')
  assert.equal(bench.target.count('/status/429'), 4)
})

test('it is given back by a process that stops', async () => {
  const { id, hold } = await attempted('/given-back', 'get')
  const other = await bench.start()
  await takenBackBeforeTheRefusalOf('releaseConnection', id, () => void service.stop())
  hold.release()
  await bench.until(id, 'ENDED_SUCCESS')
  assert.equal(bench.target.count('/given-back'), 2)
  await other.stop()
})

test('when the answer to its being taken back is lost, another takes its place with what it brought home', async () => {
  const { id, hold } = await attempted('/answer-lost', 'post')
  const taken = gates.close('connections.adoptConnection')
  await bench.request(id, 'pauseRequested')
  await bench.request(id, 'resumeRequested')
  await bench.dispatch(id)
  await taken.reached
  // What gives back looks while it is still at work, and leaves it alone.
  const looked = gates.close('sweep.heldByProcess')
  taken.lose()
  await looked.reached
  looked.open()
  hold.release()
  await bench.until(id, 'ENDED_SUCCESS')
  assert.equal(bench.target.count('/answer-lost'), 1)
})
