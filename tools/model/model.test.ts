import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { readChecks } from './check.ts'
import { readPanOutput } from './pan-output.ts'

const output = (over: { complaint?: string; errors?: number; cut?: boolean } = {}): string => `
${over.complaint ?? ''}
(Spin Version 6.5.2 -- 6 December 2019)
${over.cut === true ? 'Warning: Search not completed' : ''}
	+ Partial Order Reduction
	+ Compression

State-vector 120 byte, depth reached 107, errors: ${over.errors ?? 0}
  1456557 states, stored (521697 visited)
   761279 states, matched
`

test('a whole search without errors holds, with the number of its states', () => {
  assert.deepEqual(readPanOutput('safe', output()), {
    verdict: 'holds',
    states: 1_456_557,
    complaint: null,
  })
})

test('a failed assertion is a violation, or what a model was to reach', () => {
  const failed = output({
    complaint: 'pan:1: assertion violated (have==saved) (at depth 67)',
    errors: 1,
    cut: true,
  })
  const found = readPanOutput('safe', failed)
  assert.deepEqual(
    [found.verdict, found.complaint],
    ['violated', 'assertion violated (have==saved)'],
  )
  assert.equal(readPanOutput('seen', failed).verdict, 'reached')
})

test('a dead end violates safety and reaches nothing', () => {
  const dead = output({ complaint: 'pan:1: invalid end state (at depth 43)', errors: 1, cut: true })
  assert.equal(readPanOutput('safe', dead).verdict, 'violated')
  assert.equal(readPanOutput('seen', dead).verdict, 'unfinished')
})

test('a cycle in which the end never comes is stuck', () => {
  const cycle = output({ complaint: 'pan:1: acceptance cycle (at depth 79)', errors: 1, cut: true })
  assert.equal(readPanOutput('ends', cycle).verdict, 'stuck')
})

test('a search that was cut short, or said nothing, proves nothing', () => {
  for (const text of [
    '',
    'pan: reached -DMEMLIM bound',
    output({ cut: true }),
    `${output()}\nerror: max search depth too small`,
    output({ errors: 1 }),
  ])
    assert.equal(readPanOutput('safe', text).verdict, 'unfinished')
})

test('the head of a model says what to check and what must come of it', () => {
  const head =
    '/*\n * Words.\n *\n * check ends NO_SWEEP FAULTS=0   -> holds\n * check safe -> holds\n */'
  assert.deepEqual(readChecks(head), [
    { kind: 'ends', switches: ['NO_SWEEP', 'FAULTS=0'], expected: 'holds' },
    { kind: 'safe', switches: [], expected: 'holds' },
  ])
  assert.throws(() => readChecks(' * check safe -> fine'), /not understood/)
})

test('every model is checked whole, and with guards away; every switch is one of its own', () => {
  const models = globSync('{packages,services}/*/model/*.pml')
  assert.ok(models.length >= 5)
  for (const path of models) {
    const text = readFileSync(path, 'utf8')
    const checks = readChecks(text)
    for (const kind of ['safe', 'ends'] as const) {
      const own = checks.filter((check) => check.kind === kind)
      assert.ok(
        own.some(({ switches, expected }) => switches.length === 0 && expected === 'holds'),
        path,
      )
      assert.ok(
        own.some(({ expected }) => expected === (kind === 'safe' ? 'violated' : 'stuck')),
        path,
      )
    }
    for (const name of checks.flatMap(({ switches }) => switches.map((one) => one.split('=')[0])))
      assert.match(text, new RegExp(`^#if.*\\b${name}$`, 'm'), `${path} knows ${name}`)
  }
})
