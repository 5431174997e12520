import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { DoctorFinding, Execution } from '@millrace/client'
import { runCommand, until, useStack } from '../stack/index.ts'

/** Sweeps that come once a minute: what a lost nudge left lies for long enough to be found. */
const RARE_SWEEPS = { MILLRACE_SWEEP_PAUSE_MS: '60000' }
/** A sweep that happens to come just then mends it before the doctor does. */
const TRIES = 4

describe('the doctor', { timeout: 360_000 }, () => {
  const at = useStack(undefined, { env: RARE_SWEEPS, ownNats: true })

  const isOfOne = (finding: DoctorFinding): boolean => finding.execution_id !== null

  /** Ready in Postgres, and no engine was ever told. */
  async function startUnheard(): Promise<Execution> {
    const { nats, client } = at.stack
    await nats?.kill()
    const lost = await at.rig.start('return 7')
    await nats?.start()
    await until(async () => (await client.doctor.examine()).findings.every(isOfOne), {
      what: 'all services are connected again',
      timeoutMs: 30_000,
    })
    return lost
  }

  test('says that nothing is wrong where nothing is, and exits with 0', async () => {
    const sleeper = await at.rig.start('await self.sleep(3600)')
    await at.rig.reaches(sleeper.id, 'SCHEDULED')
    const { exitCode, out } = await runCommand(at.stack.home, ['doctor'])
    assert.equal(exitCode, 0, out)
    assert.match(out, /each one moves, or stands still for a reason that holds/)
    await at.stack.client.executions.cancel(sleeper.id)
  })

  test('finds what a lost dispatch left standing, exits with 1, and has it taken', async () => {
    const { client } = at.stack
    for (let tries = 1; ; tries += 1) {
      const lost = await startUnheard()
      const found = await until(
        async () => {
          const { findings } = await client.doctor.examine()
          const finding = findings.find((one) => one.execution_id === lost.id)
          if (finding !== undefined) return { finding }
          return (await client.executions.get(lost.id)).ended_at === null ? null : { finding }
        },
        { what: 'the finding', timeoutMs: 30_000 },
      )
      if (found.finding === undefined) {
        assert.ok(tries < TRIES, 'a sweep was first every time')
        continue
      }
      assert.equal(found.finding.kind, 'untaken')
      const looked = await runCommand(at.stack.home, ['doctor'])
      if (looked.exitCode === 0 && tries < TRIES) continue
      assert.equal(looked.exitCode, 1, looked.out)
      assert.match(looked.out, /--repair would offer it to the engines again/)
      const mended = await runCommand(at.stack.home, ['doctor', '--repair'])
      assert.equal(mended.exitCode, 0, mended.out)
      assert.equal((await at.rig.ended(lost.id)).output_value, 7)
      return
    }
  })
})
