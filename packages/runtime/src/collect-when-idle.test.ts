import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'

test('what a burst of work left is given back at the first quiet look, not at a busy one', () => {
  const [busy, quiet, idle] = run(['--expose-gc'])
  assert.ok(Number(busy) > 8, `${String(busy)} MiB of young generation while it works`)
  assert.ok(Number(quiet) < 3, `${String(quiet)} MiB once it is quiet`)
  assert.equal(idle, 1, 'collections after a second quiet look')
})

test('what little work left is given back, too, when it is much', () => {
  const [before, grown, after] = run(['--expose-gc'], GROWING)
  assert.equal(before, 0, 'collections of a process that has neither worked nor grown')
  assert.equal(grown, 1, 'collections after it has grown')
  assert.equal(after, 1, 'collections after another quiet look')
})

test('without the flag nothing is done', () => {
  assert.deepEqual(run([]), ['none'])
})

/** A process of its own: the young generation is that of the whole process. */
function run(flags: readonly string[], program = PROGRAM): unknown[] {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [...flags, '--input-type=module', '-e', program],
    { encoding: 'utf8', cwd: import.meta.dirname, env: {} },
  )
  assert.notEqual(stdout, '', stderr)
  return JSON.parse(stdout) as unknown[]
}

const START = `
import { getHeapSpaceStatistics } from 'node:v8'
import { useClock } from './clock.ts'
import { collectWhenIdle } from './collect-when-idle.ts'

let look
useClock({
  now: Date.now,
  monotonicMs: () => performance.now(),
  timer: (ms, fn) => ((look = fn), { cancel() {}, unref() {} }),
})
let collections = 0
const { gc } = globalThis
if (gc !== undefined) globalThis.gc = (options) => (collections++, gc(options))

`

const PROGRAM = `${START}
if (collectWhenIdle() === null) console.log(JSON.stringify(['none']))
else {
  let kept = []
  while (process.cpuUsage().user < 1_500_000) {
    for (let i = 0; i < 10_000; i++) kept.push({ i, text: 'x' + i })
    if (kept.length > 100_000) kept = []
  }
  kept = []
  look()
  const busy = young()
  look()
  const quiet = young()
  look()
  console.log(JSON.stringify([busy, quiet, collections]))
}

function young() {
  const space = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')
  return space.physical_space_size / 2 ** 20
}
`

/** Buffers are made in no time, whatever their size. */
const GROWING = `${START}
collectWhenIdle()
look()
const before = collections
const kept = Buffer.alloc(32 * 2 ** 20, 1)
look()
look()
const grown = collections
look()
console.log(JSON.stringify([before, grown, collections, kept.length]))
`
