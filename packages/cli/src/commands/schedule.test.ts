import assert from 'node:assert/strict'
import { test } from 'node:test'
import { json, problem, startScriptedServer } from '@millrace/client/testing'
import { createSandbox } from '../../test/run-in-test.ts'

const nightly = (timing: object | null) =>
  json(200, { id: 's1', name: 'nightly', timing, next_at: null })
const SET = ['schedule', 'set', 'nightly']

test('a zone alone moves the rule that a schedule has', async () => {
  const replies = [nightly({ cron: '30 6 * * *', time_zone: 'UTC' }), nightly({})]
  await using server = await startScriptedServer(replies)
  await using box = await createSandbox(server.url)
  assert.equal((await box.run([...SET, '--zone', 'Europe/Berlin'])).exitCode, 0)
  assert.deepEqual(server.seen.at(-1)?.body, {
    timing: { cron: '30 6 * * *', time_zone: 'Europe/Berlin' },
  })
})

test('--from-end alone changes what the interval of a schedule counts from', async () => {
  const replies = [nightly({ interval_seconds: 90 }), nightly({})]
  await using server = await startScriptedServer(replies)
  await using box = await createSandbox(server.url)
  assert.equal((await box.run([...SET, '--from-end'])).exitCode, 0)
  assert.deepEqual(server.seen.at(-1)?.body, { timing: { interval_seconds: 90, anchor: 'end' } })
})

for (const [what, reply] of [
  ['a schedule that a script times', nightly(null)],
  ['no schedule', problem(404)],
] as const) {
  test(`a zone alone is refused where there is no rule: ${what}`, async () => {
    await using server = await startScriptedServer([reply])
    await using box = await createSandbox(server.url)
    const ran = await box.run([...SET, '--zone', 'Europe/Berlin'])
    assert.equal(ran.exitCode, 2)
    assert.match(ran.err, /^error: schedule "nightly" has no rule .*--cron, --every or --rrule$/)
    assert.equal(server.seen.length, 1)
  })
}

test('a preview is of a schedule or of a timing', async () => {
  await using server = await startScriptedServer([json(200, { times: [] })])
  await using box = await createSandbox(server.url)
  for (const timing of [
    ['--cron', '* * * * *'],
    ['--zone', 'UTC'],
  ]) {
    const ran = await box.run(['schedule', 'preview', 'nightly', ...timing])
    assert.equal(ran.exitCode, 2)
    assert.match(ran.err, /^error: give a schedule or a timing, not both/)
  }
  assert.equal(server.seen.length, 0)
})
